/** The environment of every process we start is built from an allow-list, never inherited. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Windows cannot start most programs without these. */
export const WINDOWS_ESSENTIALS = [
  'SYSTEMROOT',
  'SYSTEMDRIVE',
  'WINDIR',
  'COMSPEC',
  'PATHEXT',
  'USERPROFILE',
  'HOMEDRIVE',
  'HOMEPATH',
  'APPDATA',
  'LOCALAPPDATA',
  'PROGRAMDATA',
  'PROGRAMFILES',
  'PROGRAMFILES(X86)',
] as const;

const NAMES = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'TERM',
  'COLORTERM',
  'LANG',
  'LANGUAGE',
  'TZ',
  'TMPDIR',
  'TEMP',
  'TMP',
  'SSH_AUTH_SOCK',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'ALL_PROXY',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'CURL_CA_BUNDLE',
  'REQUESTS_CA_BUNDLE',
  'GIT_SSL_CAINFO',
  'VIRTUAL_ENV',
  'CONDA_PREFIX',
  'CONDA_DEFAULT_ENV',
  'JAVA_HOME',
  'GOPATH',
  'GOROOT',
  'CARGO_HOME',
  'RUSTUP_HOME',
  'NVM_DIR',
  'VOLTA_HOME',
  'PYENV_ROOT',
  'ASDF_DIR',
  ...WINDOWS_ESSENTIALS,
] as const;
const PREFIXES = ['LC_', 'XDG_'] as const;

/** The harmless part of `source`, plus the names a policy adds (`env_pass`). Case-insensitive. */
export function allowedEnvironment(
  source: Environment,
  pass: readonly string[] = [],
): Record<string, string> {
  const names = new Set<string>([...NAMES, ...pass].map((name) => name.toUpperCase()));
  const allowed: Record<string, string> = {};
  for (const [name, value] of Object.entries(source)) {
    if (value === undefined) continue;
    const upper = name.toUpperCase();
    if (names.has(upper) || PREFIXES.some((prefix) => upper.startsWith(prefix))) {
      allowed[name] = value;
    }
  }
  return allowed;
}
