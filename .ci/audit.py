"""Sum up what pip-audit found, its JSON on standard input: what it could not check is said, not passed over."""

import json
import sys


def main() -> int:
    """Print each known vulnerability and what was not checked; return 1 if there is a vulnerability."""
    text = sys.stdin.read()
    if not text.strip():
        print("Not checked: pip-audit has no answer, see above.")
        return 0
    packages = json.loads(text)["dependencies"]
    unknown = [package["skip_reason"] for package in packages if "skip_reason" in package]
    vulnerable = [package for package in packages if package.get("vulns")]
    for package in vulnerable:
        for found in package["vulns"]:
            fixed = ", ".join(found["fix_versions"]) or "no version yet"
            print(f"{package['name']} {package['version']}: {found['id']}, fixed in {fixed}")
    if unknown:
        print(f"Not checked: {len(unknown)} of {len(packages)} packages, such as: {unknown[0]}")
    print(f"{len(packages) - len(unknown)} packages checked, {len(vulnerable)} with a known vulnerability.")
    return 1 if vulnerable else 0


if __name__ == "__main__":
    sys.exit(main())
