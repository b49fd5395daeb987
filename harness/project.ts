import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** What a folder's manifests tell of the program in it; what they don't is the default that its owner edits. */
export interface Project {
  readonly language: 'node' | 'python' | 'go' | 'rust' | 'other';
  readonly targets: readonly DetectedTarget[];
  /** Holdfast is installed with it. */
  readonly hasHoldfast: boolean;
  /** Its workflow can install it by this, where there is a way that is certain. */
  readonly install: string | undefined;
}

export interface DetectedTarget {
  /** As `--protocol` takes it. */
  readonly protocol: string;
  readonly role: 'server' | 'client';
  readonly command: string;
  readonly path: string | undefined;
  /** "ws in package.json". */
  readonly because: string;
  /** What could not be known, a sentence each. */
  readonly edits: readonly string[];
}

interface Library {
  readonly name: string;
  readonly protocol: string;
  readonly role?: 'client';
  readonly path?: string;
}

const SOCKET_IO = '/socket.io/?EIO=4&transport=websocket';

/** Of each language, those that say more before those that others build upon. */
const LIBRARIES: Readonly<Record<'node' | 'python' | 'go' | 'rust', readonly Library[]>> = {
  node: [
    { name: 'socket.io', protocol: 'websocket', path: SOCKET_IO },
    { name: 'graphql-ws', protocol: 'websocket/graphql-transport-ws', path: '/graphql' },
    { name: 'aedes', protocol: 'websocket/mqtt' },
    { name: 'primus', protocol: 'websocket', path: '/primus' },
    ...[
      '@fastify/websocket',
      '@nestjs/websockets',
      'express-ws',
      'faye-websocket',
      'koa-websocket',
      'uWebSockets.js',
      'websocket',
      'ws',
    ].map((name) => ({ name, protocol: 'websocket' })),
    ...['better-sse', 'express-sse', 'fastify-sse-v2', 'sse-channel', 'sse-express', 'ssestream'].map((name) => ({
      name,
      protocol: 'sse',
      path: '/events',
    })),
    ...['@grpc/grpc-js', 'nice-grpc', '@connectrpc/connect-node'].map((name) => ({ name, protocol: 'grpc' })),
    { name: 'socket.io-client', protocol: 'websocket', role: 'client', path: SOCKET_IO },
    ...['partysocket', 'reconnecting-websocket'].map(
      (name) => ({ name, protocol: 'websocket', role: 'client' }) as const,
    ),
    ...['@microsoft/fetch-event-source', 'eventsource'].map(
      (name) => ({ name, protocol: 'sse', role: 'client' }) as const,
    ),
  ],
  python: [
    { name: 'flask-socketio', protocol: 'websocket', path: SOCKET_IO },
    { name: 'python-socketio', protocol: 'websocket', path: SOCKET_IO },
    { name: 'sse-starlette', protocol: 'sse', path: '/events' },
    { name: 'grpcio', protocol: 'grpc' },
    ...['websockets', 'channels', 'daphne', 'tornado', 'aiohttp', 'fastapi', 'starlette', 'uvicorn'].map((name) => ({
      name,
      protocol: 'websocket',
    })),
  ],
  go: [
    ...[
      'github.com/gorilla/websocket',
      'github.com/coder/websocket',
      'nhooyr.io/websocket',
      'github.com/gobwas/ws',
    ].map((name) => ({ name, protocol: 'websocket' })),
    { name: 'github.com/r3labs/sse', protocol: 'sse', path: '/events' },
    ...['google.golang.org/grpc', 'connectrpc.com/connect'].map((name) => ({ name, protocol: 'grpc' })),
  ],
  rust: [
    ...['tokio-tungstenite', 'tungstenite', 'actix-ws'].map((name) => ({ name, protocol: 'websocket' })),
    { name: 'tonic', protocol: 'grpc' },
  ],
};

const MANIFESTS = {
  node: ['package.json'],
  python: ['pyproject.toml', 'requirements.txt', 'Pipfile', 'setup.py'],
  go: ['go.mod'],
  rust: ['Cargo.toml'],
} as const;

export function detectProject(folder: string): Project {
  for (const language of ['node', 'python', 'go', 'rust'] as const) {
    const manifests = MANIFESTS[language].filter((name) => existsSync(join(folder, name)));
    if (manifests.length > 0) return projectOf(language, folder, manifests);
  }
  const edits = [
    'no package.json, pyproject.toml, go.mod or Cargo.toml was found: name the program that is to be checked',
  ];
  const target = {
    protocol: 'websocket',
    role: 'server',
    command: './server --port {port}',
    path: '/',
    edits,
  } as const;
  return { language: 'other', targets: [{ ...target, because: 'nothing' }], hasHoldfast: false, install: undefined };
}

function projectOf(language: keyof typeof MANIFESTS, folder: string, manifests: readonly string[]): Project {
  const texts = manifests.map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));
  const uses = (library: string) =>
    texts.find(({ name, text }) => (name === 'package.json' ? hasDependency(text, library) : names(text, library)));
  const found = LIBRARIES[language].flatMap((library) => {
    const manifest = uses(library.name);
    return manifest ? [{ library, because: `${library.name} in ${manifest.name}` }] : [];
  });
  const servers = found.filter(({ library }) => library.role === undefined);
  // Who has both serves; a client of another's server is one only where it serves nothing.
  const meant = servers.length > 0 ? servers : found;
  const first = meant.filter(({ library }, index) => {
    const family = (one: Library) => one.protocol.split('/')[0];
    return meant.findIndex((other) => family(other.library) === family(library)) === index;
  });
  const { command, edits } = commandOf(language, folder, (library) => uses(library) !== undefined);
  const targets = first.map(({ library, because }): DetectedTarget => {
    const { protocol, role = 'server', path } = library;
    const isClient = role === 'client';
    return {
      protocol,
      role,
      command: isClient ? `${command} {url}` : command,
      path: path ?? (protocol === 'grpc' ? undefined : '/'),
      because,
      edits: [...edits, ...(isClient ? ['how the client gets its URL: TARGET_URL, or {url} in the command'] : [])],
    };
  });
  const unknown: DetectedTarget = {
    protocol: 'websocket',
    role: 'server',
    command,
    path: '/',
    because: manifests.join(', '),
    edits: [...edits, 'no library that I know was found: say the protocol'],
  };
  return {
    language,
    targets: targets.length > 0 ? targets : [unknown],
    hasHoldfast: existsSync(join(folder, 'node_modules/holdfast')) || uses('holdfast') !== undefined,
    install: installOf(language, folder),
  };
}

interface Manifest {
  readonly main?: unknown;
  readonly scripts?: Readonly<Record<string, unknown>>;
}

function manifestOf(text: string): Manifest {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    // Whoever has such a file hears of it from npm; what is in it is asked of the config then.
    return {};
  }
}

function hasDependency(text: string, name: string): boolean {
  const manifest = manifestOf(text) as Readonly<Record<string, unknown>>;
  return ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'].some((field) =>
    Object.hasOwn(Object(manifest[field]), name),
  );
}

/** As a word of its own: `ws` is not in `news`, nor `websocket` in `websockets`. */
function names(text: string, library: string): boolean {
  return new RegExp(`(?<![\\w.-])${library.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\w-])`, 'i').test(text);
}

interface Command {
  readonly command: string;
  readonly edits: readonly string[];
}

function commandOf(language: keyof typeof MANIFESTS, folder: string, uses: (library: string) => boolean): Command {
  const port = 'the port: PORT is set, or write {port} in the command';
  switch (language) {
    case 'node':
      return { command: nodeCommand(folder), edits: [port] };
    case 'python':
      return pythonCommand(folder, uses, port);
    case 'go':
      return {
        command: 'go run .',
        edits: [port, 'go run builds at every start: name the built program, where it takes long'],
      };
    case 'rust':
      return {
        command: 'cargo run --release',
        edits: [port, 'cargo run looks at every source first: name the built program'],
      };
  }
}

function nodeCommand(folder: string): string {
  const { main, scripts } = manifestOf(readFileSync(join(folder, 'package.json'), 'utf8'));
  const start = scripts?.start;
  // npm start is a chain of processes around it; where it is node alone, node alone is started.
  if (typeof start === 'string') return /^node [\w./@ -]+$/.test(start) ? start : 'npm start';
  const files = [main, 'server.js', 'server.mjs', 'index.js', 'index.mjs', 'app.js', 'src/index.js', 'src/server.js'];
  const file = files.find((name) => typeof name === 'string' && existsSync(join(folder, name)));
  return `node ${String(file ?? 'server.js')}`;
}

function pythonCommand(folder: string, uses: (library: string) => boolean, port: string): Command {
  const files = ['server.py', 'main.py', 'app.py', 'src/main.py', 'manage.py'];
  const file = files.find((name) => existsSync(join(folder, name)));
  if (!['fastapi', 'starlette', 'uvicorn'].some(uses))
    return { command: `python ${file ?? 'server.py'}`, edits: [port] };
  const module = basename(file ?? 'main.py', '.py');
  return {
    command: `uvicorn ${module}:app --host 127.0.0.1 --port {port}`,
    edits: [`where the application is: ${module}:app is a guess`],
  };
}

function installOf(language: keyof typeof MANIFESTS, folder: string): string | undefined {
  switch (language) {
    case 'node':
      return existsSync(join(folder, 'package-lock.json')) ? 'npm ci' : 'npm install';
    case 'python':
      return existsSync(join(folder, 'requirements.txt')) ? 'pip install -r requirements.txt' : 'pip install .';
    case 'go':
      return 'go build ./...';
    case 'rust':
      return 'cargo build --release';
  }
}
