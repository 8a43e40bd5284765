// A PGlite instance at rest - its memory, its files and which of them are open - to be put back in place: a hundred
// times cheaper than a new instance. Libraries must have been loaded before.

const isFile = (node) => (node.mode & 0o170000) === 0o100000;
const isFolder = (node) => (node.mode & 0o170000) === 0o040000;

function* nodesBelow(node) {
  yield node;
  if (isFolder(node)) for (const child of Object.values(node.contents)) yield* nodesBelow(child);
}

function copyOfContents(node) {
  if (isFile(node)) return node.contents?.slice(0, node.usedBytes);
  return isFolder(node) ? { ...node.contents } : node.contents;
}

export class Snapshot {
  constructor({ FS, HEAPU8 }) {
    this.memory = HEAPU8.slice();
    this.buckets = [...FS.nameTable];
    this.nodes = [...nodesBelow(FS.lookupPath('/tmp').node)].map((node) => ({
      node,
      fields: { ...node, contents: copyOfContents(node) },
    }));
    this.streams = FS.streams.map((stream) => stream && { stream, fields: { ...stream }, shared: { ...stream.shared } });
  }

  restore({ FS, HEAPU8 }) {
    HEAPU8.set(this.memory);
    HEAPU8.fill(0, this.memory.length); // it may have grown, and does not shrink
    FS.nameTable = [...this.buckets];
    for (const { node, fields } of this.nodes) {
      Object.assign(node, fields, { contents: copyOfContents(fields) });
    }
    FS.streams = this.streams.map((one) => one && Object.assign(one.stream, one.fields));
    for (const one of this.streams) if (one) Object.assign(one.stream.shared, one.shared);
  }
}
