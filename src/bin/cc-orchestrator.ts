#!/usr/bin/env node
// Checks the version of Node before anything else is loaded, so that an old one gets a sentence and
// not a stack trace. It must not import anything itself.

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(
    `cc-orchestrator needs Node 20.19 or newer; this is ${process.versions.node}. Install a current Node: https://nodejs.org\n`,
  );
  process.exit(4);
}

const entry = process.argv[2] === 'mcp' ? './mcp.js' : './cli.js';
await import(new URL(entry, import.meta.url).href);

export {};
