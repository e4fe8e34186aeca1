// Checks the version of Node before anything else is loaded, so that an old one gets a sentence and
// not a stack trace. It must not import anything itself.

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(
    `cc-orchestrator needs Node 20.19 or newer; this is ${process.versions.node}. Install a current Node: https://nodejs.org\n`,
  );
  process.exit(4);
}

/** When a server loads what its start did not need. */
const LATER_MS = 2000;

const isServer = process.argv[2] === 'mcp';
await load(isServer ? './mcp.js' : './cli.js');
if (isServer) {
  // It lives for days, and an upgrade meanwhile takes away the files that it has not loaded yet.
  setTimeout(() => load('./later.js').catch(() => undefined), LATER_MS).unref();
}

function load(file: string): Promise<unknown> {
  return import(new URL(file, import.meta.url).href);
}

export {};
