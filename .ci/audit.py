"""Ask a public service for known vulnerabilities of the libraries that CI installs (constraints.txt).

Fails on a vulnerability that is not stated here. Where no service can be reached it says so and passes: a
build without a connection is not an unsafe one, but it has not been audited either.
"""

from __future__ import annotations

import json
import subprocess
import sys

ACCEPTED: dict[str, str] = {}
"""Vulnerabilities that do not touch this program: id to the reason."""

COMMAND = (
    *(sys.executable, "-m", "pip_audit", "--requirement", "constraints.txt", "--no-deps", "--disable-pip"),
    *("--progress-spinner", "off", "--timeout", "10", "--format", "json"),
)


def audited(service: str) -> list[dict] | None:
    """Return what a service says of each library, None where it cannot be reached."""
    try:
        done = subprocess.run(
            [*COMMAND, "--vulnerability-service", service], capture_output=True, text=True, timeout=180
        )
        found = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, json.JSONDecodeError, KeyError):
        return None
    # A mirror of PyPI has the packages but not the service: then every single one is "not found".
    return found if any("vulns" in one for one in found) else None


def main() -> int:
    """Print what is known; return 1 where a vulnerability is not accepted."""
    for service in ("pypi", "osv"):
        found = audited(service)
        if found is not None:
            break
    else:
        print("NOT AUDITED: neither PyPI's nor OSV's service of vulnerabilities can be reached from here")
        return 0
    known = [(one, vuln) for one in found for vuln in one.get("vulns", [])]
    for one, vuln in known:
        fixed = ", ".join(vuln.get("fix_versions", [])) or "none yet"
        why = f" (accepted: {ACCEPTED[vuln['id']]})" if vuln["id"] in ACCEPTED else ""
        print(f"{one['name']} {one['version']}: {vuln['id']}, fixed in {fixed}{why}")
    skipped = sum("skip_reason" in one for one in found)
    asked = f"{len(found) - skipped} libraries audited by {service}, {skipped} unknown to it"
    print(f"{asked}, {len(known)} vulnerabilities")
    return 1 if any(vuln["id"] not in ACCEPTED for _, vuln in known) else 0


if __name__ == "__main__":
    sys.exit(main())
