/**
 * Shapes of credentials the product knows by itself, beside the maintained rules (maintained.ts): keys
 * of model providers and what stands beside the name of a secret. Every pattern takes linear time, for
 * the text is untrusted.
 */
export type Rule = {
  id: string;
  /** `token`: its own shape tells; `cut`: so it does, but its rest is not there; `named`: only what stands beside it does. */
  kind: 'token' | 'cut' | 'named';
  /** The secret is its last group, or all of it; the group before it is what it stands beside. */
  pattern: RegExp;
};

const NAME =
  '(?:api[_-]?key|auth[_-]?token|access[_-]?token|client[_-]?secret|secret[_-]?(?:access[_-]?)?key|password|passwd)';
const ENTROPIC_NAME =
  '(?:token|secret|private[_-]?key|(?:signing|encryption|account|storage|shared[_-]?access)[_-]?key|credentials?|passphrase|passcode|pwd|pass|auth)';
// Quotes may be escaped, because JSON is often quoted inside JSON; a backslash before the closing
// quote is not part of the value.
const IS = '\\\\*["\'`]?\\s*(?::=|=>|[:=])\\s*\\\\*["\'`]?';
const PART = '(?:(?!\\\\{1,8}["\'`])[^\\s"\'`,;}{)<])';
// Lazy, up to where it can only end: a star that may give back remembers each of its turns.
const VALUE = `${PART}{8}${PART}*?(?!${PART})`;

/** A class of characters, so many times or more. */
const AT_LEAST = /(\[(?:\\.|[^\]\\])+\])\{(\d+),\}/g;

export const RULES: readonly Rule[] = [
  // OpenAI, Anthropic, OpenRouter, DeepSeek, Kimi, Qwen, MiniMax, StepFun and most others.
  token('model-provider-key', /\bsk-[A-Za-z0-9_-]{20,}/g),
  token('glm-key', /(?<![A-Za-z0-9])[0-9a-f]{32}\.[A-Za-z0-9]{16}(?![A-Za-z0-9])/g),
  token(
    'model-provider-key',
    /\b(?:gsk_|xai-|pplx-|r8_|hf_|fw_|nvapi-|tgp_v1_|csk-)[A-Za-z0-9_-]{20,}/g,
  ),
  token('github-token', /\bgh[pousr]_[A-Za-z0-9]{30,}/g),
  token('github-token', /\bgithub_pat_[A-Za-z0-9_]{40,}/g),
  token('gitlab-token', /\bgl(?:pat|ptt|dt|rt|cbt|ft|soat|agent|imt)-[A-Za-z0-9_-]{20,}/g),
  token('slack-token', /\bxox[abeoprs]-[A-Za-z0-9-]{10,}|\bxapp-\d-[A-Za-z0-9-]{20,}/g),
  token('webhook', /\bhooks\.slack\.com\/(?:services|workflows)\/[A-Za-z0-9/_-]{20,}/g),
  token('webhook', /\bdiscord(?:app)?\.com\/api\/webhooks\/\d+\/[A-Za-z0-9_-]{30,}/g),
  token('aws-key-id', /(?<![A-Z0-9])(?:AKIA|ASIA)[0-9A-Z]{16}(?![A-Z0-9])/g),
  token('google-key', /\bAIza[0-9A-Za-z_-]{35}|\bGOCSPX-[A-Za-z0-9_-]{24,}|\bya29\.[\w-]{30,}/g),
  token(
    'cloud-key',
    /\b(?:LTAI|AKID)[A-Za-z0-9]{16,40}\b|\bbce-v3\/ALTAK-[A-Za-z0-9]+\/[0-9a-f]{20,}/g,
  ),
  token('registry-token', /\bnpm_[A-Za-z0-9]{36}\b|\bpypi-[A-Za-z0-9_-]{40,}/g),
  token('registry-token', /\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}|\brubygems_[0-9a-f]{40,}/g),
  token('payment-key', /\b(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}|\bwhsec_[A-Za-z0-9+/=]{24,}/g),
  token('payment-key', /\bsq0(?:atp|csp)-[A-Za-z0-9_-]{22,}|\bEAAA[A-Za-z0-9_-]{60}\b/g),
  token('mail-key', /\bSG\.[\w-]{16,}\.[\w-]{16,}|\bkey-[0-9a-f]{32}\b|\bxkeysib-[0-9a-f-]{60,}/g),
  token('telegram-token', /(?<![\w])\d{8,10}:AA[A-Za-z0-9_-]{33}(?![\w-])/g),
  token('shop-token', /\bshp(?:at|ca|pa|ss)_[A-Za-z0-9]{32,}/g),
  token(
    'service-token',
    /\b(?:lin_api_|ops_ey|dop_v1_|doo_v1_|hvs\.|hvb\.|dp\.(?:pt|st|ct)\.|dapi(?=[0-9a-f]{32})|figd_|ntn_|sntry[su]_|pscale_(?:tkn|pw)_|sbp_|nfp_|glsa_|PMAK-|ATATT3|NRAK-|fo1_|FlyV1 |shippo_live_|tfp_|rnd_|phc_|phx_|sgp_|AGE-SECRET-KEY-1)[A-Za-z0-9_.=+/-]{20,}/g,
  ),
  // One start per run of these characters: from every `\b` a long `eyJ-eyJ-…` would cost its square.
  token(
    'jwt',
    /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}/g,
  ),
  token(
    'private-key',
    /-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----|$)/g,
  ),
  // One whose beginning was left out.
  token(
    'private-key',
    /(?<![A-Za-z0-9+/=\r\n])[A-Za-z0-9+/=\r\n]{20,}-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----/g,
  ),
  // What a text ends with where its rest was left out.
  {
    id: 'cut-token',
    kind: 'cut',
    pattern: bounded(
      /(?<![A-Za-z0-9_-])(?:sk-[A-Za-z0-9_-]{8,}|(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|npm_|hf_|gsk_|AIza|AKIA)[A-Za-z0-9_-]{6,}|eyJ[A-Za-z0-9_-]{12,}(?:\.[A-Za-z0-9_-]*){0,2})(?=…?$)/g,
    ),
  },
  // A digit, padding or a change of case tells a credential from prose ("basic understanding").
  named(
    'authorization',
    /\b((?:[Bb]earer|BEARER|[Bb]asic|BASIC)\s+)(?=[A-Za-z._~+/-]*(?:[0-9=]|[a-z][A-Z]))([A-Za-z0-9._~+/-]{12,}=*)/g,
  ),
  named('assignment', new RegExp(`(${NAME}${IS})(${VALUE})`, 'gi')),
  // Names that often hold something else: only what looks random counts.
  named('entropy', new RegExp(`(${ENTROPIC_NAME}${IS})([A-Za-z0-9+/=_.~!@#$%^&*|:-]{12,})`, 'gi')),
  named('entropy', /(--?(?:token|password|passwd|api-?key|secret|auth)\s+)([^\s"'-][^\s"']{7,})/gi),
  named('assignment', /(\blogin\s+\S{1,200}\s+password\s+)(\S{4,200})/g),
  named('assignment', /(\s(?:-u|--user)[\s=]\\*["']?[\w.@-]{1,100}:)([^\s"'\\$]{6,})/g),
  named('cookie', /(\b(?:set-)?cookie\\*["']?:\s*\\*["']?)([^\s"'\\]{1,100}=[^\s"'\\]{16,})/gi),
  named('url-password', /(:\/\/[^\s/:@"'<>]*:)([^\s/@"'<>]+)@/g),
];

// What at least one of the rules, own or maintained, cannot do without; a text with none of it, and
// that is nearly all of them, is not looked at any closer.
const STARTS =
  /sk-|_live_|_test_|gh[pousr]_|github_pat_|gl[a-z]{2,5}-|xox|xapp-|hooks\.slack|webhooks\/|AKIA|ASIA|AIza|GOCSPX-|ya29\.|LTAI|AKID|ALTAK-|npm_|pypi-|dckr_|rubygems_|whsec_|sq0|EAAA|SG\.|key-[0-9a-f]|xkeysib-|:AA|shp[acps]|gsk_|xai-|pplx-|r8_|hf_|fw_|nvapi-|tgp_v1_|csk-|lin_api_|ops_ey|do[po]_v1_|hv[sb]\.|dp\.[psc]t\.|dapi|figd_|ntn_|sntry|pscale_|sbp_|nfp_|glsa_|PMAK-|ATATT3|NRAK-|fo1_|FlyV1|shippo_|tfp_|rnd_|ph[cx]_|sgp_|AGE-SECRET|eyJ|PRIVATE KEY|:\/\/[^\s/@]*@|[0-9a-f]{32}\.|(?:SECRET|[Ss]ecret)_?(?:ACCESS|[Aa]ccess)/;
const NAMES =
  /key|token|secret|passw|pass[c=:"'\\ ]|pwd|credential|passphrase|bearer|basic|auth|cookie|-u\s|--user/i;

/** Whether a closer look is worth it. */
export function isSuspicious(text: string): boolean {
  return hasTokenStart(text) || NAMES.test(text);
}

/** Whether there may be something that the maintained rules know. */
export function hasTokenStart(text: string): boolean {
  return STARTS.test(text);
}

/** Whether a key of an object is the name of a secret. */
export function isSecretName(key: string): boolean {
  return SECRET_KEY.test(key);
}

const SECRET_KEY = new RegExp(`${NAME}$`, 'i');

function token(id: string, pattern: RegExp): Rule {
  return { id, kind: 'token', pattern: bounded(pattern) };
}

function named(id: string, pattern: RegExp): Rule {
  return { id, kind: 'named', pattern: bounded(pattern) };
}

/**
 * The same pattern with `[…]{20,}` as `[…]{20}[…]*`. V8 remembers the count of the former at every
 * character, so that some megabytes of them are too many for its stack; for the latter it remembers nothing.
 */
function bounded(pattern: RegExp): RegExp {
  return new RegExp(pattern.source.replace(AT_LEAST, '$1{$2}$1*'), pattern.flags);
}
