import { entropy, looksRandom } from './entropy.ts';

/**
 * What something that looks like a secret is: `placeholder` stands for one, `identifier` names or
 * checks something (commit, checksum, path), `config_key` names where one comes from. What matters most
 * comes first.
 */
export const SECRET_CLASSES = [
  'real_candidate',
  'unknown',
  'placeholder',
  'config_key',
  'identifier',
] as const;
export type SecretClass = (typeof SECRET_CLASSES)[number];

type Suspect = {
  rule: string;
  kind: string;
  value: string;
  /** What it stands beside. */
  lead: string;
  /** Text around it. */
  text: string;
  end: number;
  path?: string | undefined;
};

/** Inside of a token: whoever writes one of these means to show a shape. */
const EXAMPLE =
  /example|placeholder|changeme|change[_-]me|replace|redacted|dummy|your[_-]|(?:^|[^A-Za-z])your|x{5,}|\*{3}|\.{3}|…|<|>|\$\{|\{\{/i;
/** The whole of a named value. */
const WORD_FOR_ONE =
  /^(?:x+|\*+|-+|_+|\.+|(?:my|the|a|some|new|old|real|fake|test|testing|dummy|sample|demo|mock|default|dev|local|super|top)?[_-]?(?:secret|password|passwd|pass|token|key|api[_-]?key|credentials?|value|string|user|admin|root|postgres|mysql|guest)(?:[_-]?(?:here|value|key|token|123|1234))?|null|none|undefined|true|false|required|optional|string|number|boolean|unknown|hidden|masked|secret\w{0,3}|changeit|letmein|12345\d*|qwerty\w*|foobar|foo|bar|abcd?\w{0,4})$/i;
const FAKE =
  /(?:^|[_\W-])(?:test|fake|mock|dummy|sample|example|demo|your|insert|todo|fixme|placeholder|changeme)(?:$|[_\W-])/i;
/** The value comes from somewhere else. */
const REFERENCE =
  /^(?:process\.env|import\.meta|os\.(?:environ|getenv)|env[.(:[]|ENV[[.]|secrets\.|vars?\.|self\.|this\.|args?\.|opts?\.|options?\.|config\.|settings\.|params?\.|props\.|data\.|input\.|request\.|req\.|ctx\.|context\.|!|\$\(|\$[A-Z_{(]|%[A-Z_]+%|\{|\[|\(|&|@)/;
const VARIABLE = /^\$?[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/;
/** A name in code, with what may follow one: a call, a member, a type. */
const CODE = /^[A-Za-z_$][\w$]*(?:(?:\?\.|\.|::|->)[A-Za-z_$][\w$]*)*(?:[([<?|&=!:].*)?$/;
/** More than a name alone: what it is a member of, or a call. */
const EXPRESSION = /^[A-Za-z_$][\w$]*(?:\?\.|\.|::|->|\[|\()/;
const UUID = /^\{?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\}?$/i;
const CHECKSUM = /^(?:sha\d{1,3}|md5|blake2b?|integrity)[-:=]/i;
const LOCATION =
  /^(?:[a-z][a-z0-9+.-]*:\/\/|\.{0,2}\/|~\/|[A-Za-z]:\\|[\w.-]+\/[\w./-]*\.[a-z]{1,5}$)/;
/** Files whose named values show something; a token with a shape of its own counts there, too. */
const SHOWN_FOR_EXAMPLE =
  /(?:^|[/_.-])(?:tests?|specs?|__tests__|fixtures?|mocks?|__mocks__|examples?|samples?|demos?|docs?|templates?|e2e|testdata|snapshots?)(?=$|[/_.-])/i;
/** The example of jwt.io and of countless documents. */
const EXAMPLE_JWT = /eyJzdWIiOiIxMjM0NTY3ODkw/;
const FEW_CHARACTERS = 3;
/** So long a name with digits in two places is none. */
const LONG_NAME = 10;
const MIN_MIXED = 8;
/** So much of a value tells what it is; of megabytes some patterns remember more than V8 has room for. */
const JUDGED = 1 << 16;

export function judge({ value: all, ...rest }: Suspect): SecretClass {
  const suspect = { ...rest, value: all.slice(0, JUDGED) };
  if (suspect.kind === 'known') return 'real_candidate';
  return suspect.kind === 'named' ? judgeNamed(suspect) : judgeToken(suspect);
}

/** The shape alone says what it is; whoever wants it to be an example has to say so in it. */
function judgeToken({ rule, kind, value, text, end }: Suspect): SecretClass {
  if (EXAMPLE.test(value) || EXAMPLE_JWT.test(value)) return 'placeholder';
  if (rule === 'private-key') return judgeKeyBlock(value);
  const body = value.replace(/^[A-Za-z]{2,10}[-_.]/, '');
  if (new Set(body).size <= FEW_CHARACTERS) return 'placeholder';
  if (!/\d/.test(body) && entropy(body) < 4.2 && !/[a-z][A-Z].*[a-z][A-Z]/.test(body)) {
    return 'identifier';
  }
  if (/^[A-Za-z]+(?:[-_.][A-Za-z]+|[-_]\d{1,4})*$/.test(value)) return 'identifier';
  if (kind === 'cut' || value.includes('_test_')) return 'unknown';
  // `sk-abc123…` in code that goes on: a piece of a template.
  if (/^(?:\$\{|\{\{)/.test(text.slice(end, end + 2))) return 'placeholder';
  return 'real_candidate';
}

/** Without its content it is the beginning of a pattern or of a message. */
function judgeKeyBlock(value: string): SecretClass {
  const body = value.replace(/-----[A-Z ]*-----/g, '').replace(/\\[nr]|\s/g, '');
  if (body.length < 40) return 'placeholder';
  return /^[A-Za-z0-9+/=:,\\-]{40}/.test(body) && entropy(body) > 4 ? 'real_candidate' : 'unknown';
}

function judgeNamed({ rule, value, lead, text, end, path = '' }: Suspect): SecretClass {
  if (EXAMPLE.test(value) || WORD_FOR_ONE.test(value) || FAKE.test(value)) return 'placeholder';
  if (VARIABLE.test(value) || REFERENCE.test(value)) return 'config_key';
  if (UUID.test(value)) return 'unknown';
  if (CHECKSUM.test(value) || LOCATION.test(value)) return 'identifier';
  const isQuoted = /["'`]$/.test(lead);
  if (!isQuoted && isCode(value)) return 'config_key';
  // What comes of a call.
  if (!isQuoted && text[end] === '(' && CODE.test(value)) return 'config_key';
  if (rule === 'url-password' && lead.endsWith(`/${value}:`)) return 'placeholder';
  if (!isRealValue(value, rule)) return 'unknown';
  return SHOWN_FOR_EXAMPLE.test(path) ? 'unknown' : 'real_candidate';
}

/** A name made of words, or what is reached by such names. */
function isCode(value: string): boolean {
  if (!CODE.test(value)) return false;
  if (!EXPRESSION.test(value)) return !looksRandom(value);
  const names = value.split(/[^\w$]+/);
  return names.every((name) => name.length < LONG_NAME || (name.match(/\d+/g) ?? []).length < 2);
}

/** Random, or mixed as passwords are asked to be. */
function isRealValue(value: string, rule: string): boolean {
  if (looksRandom(value)) return true;
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/].filter((kind) => kind.test(value)).length;
  const enough = rule === 'url-password' ? 2 : 3;
  return value.length >= MIN_MIXED && /\d/.test(value) && kinds >= enough && entropy(value) >= 2.5;
}
