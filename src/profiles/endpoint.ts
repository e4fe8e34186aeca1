import { holdsCredentials, isExposed, shownAddress } from './address.ts';
import type { Variables } from './credentials.ts';
import { isPlaceholder } from './placeholder.ts';
import type { ProfileAuth, ProfileKind } from './profile.ts';
import { usableToken } from './worker-env.ts';

export type Assessment = {
  kind: ProfileKind;
  auth: ProfileAuth;
  usable: boolean;
  reason?: string;
  warnings: string[];
};

/** How the owner of the variables speaks about them in a reason. */
export type Wording = {
  nameOf: (variable: string) => string;
  /** What to do about something missing, a whole sentence. */
  remedy: string;
};

/** Whether these variables are enough to reach a model, and over which kind of connection. */
export function assessEndpoint(env: Variables, wording: Wording): Assessment {
  if (isOn(env.CLAUDE_CODE_USE_BEDROCK)) return assessBedrock(env, wording);
  if (isOn(env.CLAUDE_CODE_USE_VERTEX)) {
    return assessCloud(env, wording, ['ANTHROPIC_VERTEX_PROJECT_ID', 'CLOUD_ML_REGION']);
  }
  if (isOn(env.CLAUDE_CODE_USE_FOUNDRY)) {
    const place = env.ANTHROPIC_FOUNDRY_BASE_URL
      ? 'ANTHROPIC_FOUNDRY_BASE_URL'
      : 'ANTHROPIC_FOUNDRY_RESOURCE';
    return assessCloud(env, wording, [place, 'ANTHROPIC_FOUNDRY_API_KEY']);
  }
  return assessDirect(env, wording);
}

export function incomplete(reason: string, auth: ProfileAuth = 'none'): Assessment {
  return { kind: 'incomplete', auth, usable: false, reason, warnings: [] };
}

function assessDirect(env: Variables, { nameOf, remedy }: Wording): Assessment {
  const names = unique(nameOf('ANTHROPIC_AUTH_TOKEN'), nameOf('ANTHROPIC_API_KEY')).join(' or ');
  const token = usableToken(env);
  if (token === undefined) {
    const given = env.ANTHROPIC_AUTH_TOKEN ?? env.ANTHROPIC_API_KEY;
    // Without a token of its own the CLI would send the user's Claude login to a foreign address.
    return incomplete(
      given === undefined
        ? `It has no token (${names}). ${remedy}`
        : `Its token is only a placeholder (${names}). ${remedy}`,
    );
  }
  const auth = token.name === 'ANTHROPIC_AUTH_TOKEN' ? 'auth_token' : 'api_key';
  if (!isSendable(token.value)) {
    return incomplete(
      `Its token (${nameOf(token.name)}) has characters that cannot be sent in a header. ${remedy}`,
      auth,
    );
  }
  const address = env.ANTHROPIC_BASE_URL;
  const addressName = nameOf('ANTHROPIC_BASE_URL');
  if (address !== undefined && isPlaceholder(address)) {
    return incomplete(
      `Its address (${addressName}) still has a placeholder in it. ${remedy}`,
      auth,
    );
  }
  if (address !== undefined && shownAddress(address) === undefined) {
    return incomplete(`Its address (${addressName}) is not an http(s) URL. ${remedy}`, auth);
  }
  const warnings: string[] = [];
  if (env.ANTHROPIC_AUTH_TOKEN !== undefined && env.ANTHROPIC_API_KEY !== undefined) {
    warnings.push(`Both ${names} are set; only ${nameOf(token.name)} is used.`);
  }
  if (address !== undefined && isExposed(address)) {
    warnings.push('The address is plain http: the token travels unencrypted.');
  }
  if (address !== undefined && holdsCredentials(address)) {
    warnings.push('The address holds a user or a query; commands that a worker runs can read it.');
  }
  return { kind: 'direct', auth, usable: true, warnings };
}

/** Whether a token can stand in a header; anything else fails long after the start, or splits it. */
export function isSendable(token: string): boolean {
  return !/[^\u0021-\u007e]/.test(token);
}

function unique(...texts: string[]): string[] {
  return [...new Set(texts)];
}

function assessBedrock(env: Variables, wording: Wording): Assessment {
  if (env.AWS_BEARER_TOKEN_BEDROCK || env.AWS_PROFILE || isOn(env.CLAUDE_CODE_SKIP_BEDROCK_AUTH)) {
    const own = env.AWS_BEARER_TOKEN_BEDROCK ? ['AWS_BEARER_TOKEN_BEDROCK'] : [];
    return assessCloud(env, wording, ['AWS_REGION', ...own]);
  }
  const assessment = assessCloud(env, wording, [
    'AWS_REGION',
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
  ]);
  // The worker CLI hides its own tokens from them, but not these (measured with 2.1.329).
  const readable = 'Commands that a worker runs can read its AWS keys.';
  return assessment.usable ? { ...assessment, warnings: [readable] } : assessment;
}

function assessCloud(env: Variables, wording: Wording, needed: readonly string[]): Assessment {
  const missing = needed.filter(
    (name) => env[name] === undefined || isPlaceholder(env[name] ?? ''),
  );
  if (missing.length > 0) {
    const names = missing.map(wording.nameOf).join(', ');
    return incomplete(
      `Its cloud credentials are not complete (${names}). ${wording.remedy}`,
      'cloud',
    );
  }
  return { kind: 'cloud', auth: 'cloud', usable: true, warnings: [] };
}

function isOn(value: string | undefined): boolean {
  return value !== undefined && /^(?:1|true|yes|on)$/i.test(value.trim());
}
