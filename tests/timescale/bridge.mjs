// PostgreSQL with TimescaleDB in WebAssembly (PGlite) behind the PostgreSQL protocol, for tests without a server.
//
// The first line of output is the port. Then each line of input is a command, answered by one line, `ok` or what is
// wrong: `create NAME`, `create NAME FROM` (a copy), `drop NAME`. The bridge ends when its input does.
//
// A database is one PGlite instance in memory, and an instance is one session. Its clients take turns, a transaction
// at a time: they see each other's session settings, temporary tables and advisory locks, and none can wait for another.

import { readFile } from 'node:fs/promises';
import net from 'node:net';
import readline from 'node:readline';
import { PGlite } from '@electric-sql/pglite';
import { timescaledb } from '@electric-sql/pglite/timescaledb';
import { Snapshot } from './snapshot.mjs';

const [SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST] = [80877103, 80877104, 80877102];
const [READY_FOR_QUERY, ERROR, COPY_IN_RESPONSE, IDLE] = Buffer.from('ZEGI');

// What a server begins with; PGlite's own begin is a debugging one.
const DEFAULTS = { search_path: 'public', client_min_messages: 'notice', enable_seqscan: 'on', timezone: 'UTC' };

const dist = new URL('.', import.meta.resolve('@electric-sql/pglite'));
const wasmModule = await WebAssembly.compile(await readFile(new URL('pglite.wasm', dist)));
const fsBundle = new Blob([await readFile(new URL('pglite.data', dist))]);

class Database {
  static async create(loadDataDir) {
    const options = { extensions: { timescaledb }, wasmModule, fsBundle, loadDataDir };
    const pglite = await PGlite.create(options);
    await pglite.exec("load 'timescaledb'"); // a server preloads it
    return new Database(pglite);
  }

  constructor(pglite) {
    this.pglite = pglite;
    this.owner = null; // the client whose transaction is open
    this.queue = [];
    this.clients = new Set();
    this.dropped = []; // copies of this one that can be made new again
  }

  async copy() {
    const used = this.dropped.pop();
    if (used) {
      used.snapshot.restore(used.pglite.Module);
      return Object.assign(new Database(used.pglite), { original: this, snapshot: used.snapshot });
    }
    if (!this.dump) {
      await this.pglite.exec('checkpoint');
      this.dump = await this.pglite.dumpDataDir('none');
    }
    const copy = await Database.create(this.dump);
    const libraries = copy.pglite.Module.FS.readdir('/tmp/pglite/lib/postgresql');
    for (const name of libraries.filter((one) => /^(plpgsql|timescaledb-.*)\.so$/.test(one))) {
      await copy.pglite.exec(`load '$libdir/${name}'`);
    }
    return Object.assign(copy, { original: this, snapshot: new Snapshot(copy.pglite.Module) });
  }

  async drop() {
    if (this.original) this.original.dropped.push(this);
    else await this.pglite.close();
  }

  // Run one message (or a COPY with its data) for a client as soon as no other's transaction is open.
  async run(client, sent) {
    await this.acquire(client);
    const { data } = await this.pglite.execProtocol(sent, { throwOnError: false, syncToFs: false });
    const answer = [...messagesOf(Buffer.from(data))]; // a copy: PGlite uses its buffer again
    const ready = answer.findLast((one) => one[0] === READY_FOR_QUERY);
    if (ready?.[5] === IDLE) this.release(client);
    return answer;
  }

  async acquire(client) {
    while (this.owner && this.owner !== client) await new Promise((resolve) => this.queue.push(resolve));
    this.owner = client;
  }

  release(client) {
    if (this.owner !== client) return;
    this.owner = null;
    this.queue.shift()?.();
  }

  async leave(client) {
    this.clients.delete(client);
    if (this.owner === client) {
      await this.pglite.exec('rollback');
      this.release(client);
    }
    if (this.clients.size === 0) await this.pglite.exec('discard all');
  }
}

function* messagesOf(answer) {
  for (let at = 0; at < answer.length; ) {
    const end = at + 1 + answer.readUInt32BE(at + 1);
    yield answer.subarray(at, end);
    at = end;
  }
}

function message(type, ...parts) {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(`${part}\0`) : part)));
  const head = Buffer.alloc(5, type);
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

function refusal(code, text) {
  return message('E', 'SFATAL', 'VFATAL', `C${code}`, `M${text}`, Buffer.alloc(1));
}

// What a client sends, cut into its messages; the first has no type.
class Reader {
  constructor(socket) {
    this.chunks = socket[Symbol.asyncIterator]();
    this.rest = Buffer.alloc(0);
  }

  async bytes(count) {
    if (this.rest.length < count) {
      const parts = [this.rest];
      for (let length = this.rest.length; length < count; length += parts.at(-1).length) {
        const { value, done } = await this.chunks.next();
        if (done) return null;
        parts.push(value);
      }
      this.rest = Buffer.concat(parts);
    }
    const bytes = this.rest.subarray(0, count);
    this.rest = this.rest.subarray(count);
    return bytes;
  }

  async message({ typed = true } = {}) {
    const head = await this.bytes(typed ? 5 : 4);
    const body = head && (await this.bytes(head.readUInt32BE(typed ? 1 : 0) - 4));
    return body && Buffer.concat([head, body]);
  }
}

// Prepared statements belong to a client: their names get its number. (Portals end with the transaction.)
function withOwnStatementName(sent, client) {
  const type = String.fromCharCode(sent[0]);
  if (!['P', 'B', 'D', 'C'].includes(type)) return sent;
  let at = 5;
  if (type === 'B') at = sent.indexOf(0, at) + 1; // after the portal's name
  if (type === 'D' || type === 'C') {
    if (sent[at] !== 'S'.charCodeAt(0)) return sent;
    at += 1;
  }
  if (sent[at] === 0) return sent; // the unnamed statement
  return message(type, sent.subarray(5, at), Buffer.from(`${client.number}/`), sent.subarray(at));
}

const databases = new Map();
let clientCount = 0;

async function serve(socket) {
  const reader = new Reader(socket);
  const startup = await readStartup(reader, socket);
  if (!startup) return;
  const { user, database: name, options, ...settings } = parametersOf(startup);
  const database = databases.get(name);
  if (!database) {
    socket.end(refusal('3D000', `database "${name}" does not exist`));
    return;
  }
  const client = { number: ++clientCount, settings: settingsMessage({ ...DEFAULTS, ...settings }) };
  database.clients.add(client);
  try {
    await database.run(client, startup); // asks for a password
    const welcome = await database.run(client, message('p', 'any is right'));
    await database.run(client, client.settings);
    socket.write(Buffer.concat(welcome));
    await converse(reader, socket, database, client);
  } finally {
    await database.leave(client);
  }
}

async function readStartup(reader, socket) {
  for (;;) {
    const sent = await reader.message({ typed: false });
    const code = sent?.readUInt32BE(4);
    if (!sent || code === CANCEL_REQUEST) return null;
    if (code !== SSL_REQUEST && code !== GSS_REQUEST) return sent;
    socket.write('N');
  }
}

function parametersOf(startup) {
  const words = startup.subarray(8).toString().split('\0');
  const pairs = {};
  for (let at = 0; words[at]; at += 2) pairs[words[at]] = words[at + 1];
  return pairs;
}

function settingsMessage(settings) {
  const quoted = (text) => `'${text.replaceAll("'", "''")}'`;
  const calls = Object.entries(settings).map(([name, value]) => `set_config(${quoted(name)}, ${quoted(value)}, false)`);
  return message('Q', `select ${calls.join(', ')}`);
}

async function converse(reader, socket, database, client) {
  let hasFailed = false; // then everything up to the next Sync is passed over
  for (;;) {
    const sent = await reader.message();
    const type = sent && String.fromCharCode(sent[0]);
    if (!sent || type === 'X') return;
    const sql = type === 'Q' ? sent.toString('utf8', 5) : '';
    let answer;
    if (/^\s*copy\b.*\bfrom\s+stdin\b/is.test(sql)) {
      answer = await copyIn(sent, reader, socket, database, client);
    } else if (type === 'S' || !hasFailed) {
      answer = await database.run(client, withOwnStatementName(sent, client));
      hasFailed = type !== 'S' && type !== 'Q' && answer.some((one) => one[0] === ERROR);
    }
    if (/\b(reset|discard)\s+all\b/i.test(sql)) await database.run(client, client.settings);
    if (answer) socket.write(Buffer.concat(answer));
  }
}

// PGlite wants the data together with the statement: invite the client to send before PostgreSQL has seen either.
async function copyIn(statement, reader, socket, database, client) {
  await database.acquire(client);
  const isBinary = /\bbinary\b/i.test(statement.toString('utf8', 5));
  socket.write(message('G', Buffer.from([Number(isBinary), 0, 0])));
  const parts = [statement];
  let type;
  do {
    const sent = await reader.message();
    if (!sent) return [];
    parts.push(sent);
    type = String.fromCharCode(sent[0]);
  } while (type !== 'c' && type !== 'f'); // CopyDone or CopyFail
  const answer = await database.run(client, Buffer.concat(parts));
  return answer.filter((one) => one[0] !== COPY_IN_RESPONSE);
}

async function command(line) {
  const [verb, name, from] = line.split(' ');
  if (verb === 'create') {
    databases.set(name, await (from ? databases.get(from).copy() : Database.create()));
  } else if (verb === 'drop') {
    const database = databases.get(name);
    databases.delete(name);
    await database.drop();
  } else {
    throw new Error(`no such command: ${line}`);
  }
}

const server = net.createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => {}); // a killed client; reading ends
  serve(socket)
    .catch((error) => console.error(error))
    .finally(() => socket.destroy());
});
server.listen(0, '127.0.0.1', async () => {
  console.log(server.address().port);
  for await (const line of readline.createInterface({ input: process.stdin })) {
    console.log(await command(line).then(() => 'ok', (error) => String(error.message)));
  }
  process.exit();
});
