/**
 * One value of every kind, made up and put together here, so that no scanner of this repository takes
 * one for real.
 */
const random = (length: number, alphabet: string, seed: number): string => {
  let state = seed * 2654435761;
  return Array.from({ length }, () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 0x9e3779b9) | 0;
    return alphabet[(state >>> 8) % alphabet.length];
  }).join('');
};
const ALNUM = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const HEX = '0123456789abcdef';
const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const alnum = (length: number, seed: number) => random(length, ALNUM, seed);
const hex = (length: number, seed: number) => random(length, HEX, seed);
const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const pem = (kind: string, seed: number) =>
  [
    `-----BEGIN ${kind}PRIVATE KEY-----`,
    ...Array.from(
      { length: 12 },
      (_, line) => (line === 0 ? 'MIIE' : '') + alnum(line === 0 ? 60 : 64, seed + line),
    ),
    `-----END ${kind}PRIVATE KEY-----`,
  ].join('\n');

/** Found by their shape alone, wherever they stand. */
export const TOKENS: Readonly<Record<string, string>> = {
  openai: `sk-proj-${alnum(74, 1)}T3BlbkFJ${alnum(74, 2)}`,
  openai_old: `sk-${alnum(20, 3)}T3BlbkFJ${alnum(20, 4)}`,
  anthropic: `sk-ant-api03-${alnum(93, 5)}AA`,
  openrouter: `sk-or-v1-${hex(64, 6)}`,
  deepseek: `sk-${hex(32, 7)}`,
  kimi: `sk-${alnum(48, 8)}`,
  qwen: `sk-${hex(32, 9)}`,
  glm: `${hex(32, 10)}.${alnum(16, 11)}`,
  minimax: `sk-api-${alnum(60, 12)}`,
  groq: `gsk_${alnum(52, 13)}`,
  xai: `xai-${alnum(80, 14)}`,
  hugging_face: `hf_${alnum(34, 15)}`,
  google: `AIza${alnum(35, 16)}`,
  google_oauth: `GOCSPX-${alnum(28, 17)}`,
  aws_id: `AKIA${random(16, UPPER, 18)}`,
  aws_session_id: `ASIA${random(16, UPPER, 19)}`,
  github: `ghp_${alnum(36, 20)}`,
  github_server: `ghs_${alnum(36, 21)}`,
  github_fine: `github_pat_${alnum(22, 22)}_${alnum(59, 23)}`,
  gitlab: `glpat-${alnum(20, 24)}`,
  slack: `xoxb-${random(12, '0123456789', 25)}-${random(13, '0123456789', 26)}-${alnum(24, 27)}`,
  slack_hook: `https://hooks.slack.com/services/T${random(8, UPPER, 28)}/B${random(8, UPPER, 29)}/${alnum(24, 30)}`,
  npm: `npm_${alnum(36, 31)}`,
  pypi: `pypi-AgEIcHlwaS5vcmc${alnum(80, 32)}`,
  docker: `dckr_pat_${alnum(27, 33)}`,
  stripe: `sk_live_${alnum(24, 34)}`,
  sendgrid: `SG.${alnum(22, 35)}.${alnum(43, 36)}`,
  telegram: `${random(10, '123456789', 37)}:AA${alnum(33, 38)}`,
  shopify: `shpat_${hex(32, 39)}`,
  linear: `lin_api_${alnum(40, 40)}`,
  digitalocean: `dop_v1_${hex(64, 41)}`,
  vault: `hvs.${alnum(90, 42)}`,
  databricks: `dapi${hex(32, 43)}`,
  one_password: `ops_${Buffer.from(JSON.stringify({ email: 'a@b.lcl', secretKey: alnum(40, 44), muk: { k: alnum(43, 45) } })).toString('base64')}`,
  jwt: `${base64url({ alg: 'HS256', typ: 'JWT' })}.${base64url({ sub: alnum(12, 46), exp: 1_900_000_000 })}.${alnum(43, 47)}`,
  rsa_key: pem('RSA ', 48),
  pkcs8_key: pem('', 70),
};

/** Found by what stands beside them: the text, and the part of it that is the secret. */
export const NAMED: Readonly<Record<string, readonly [text: string, secret: string]>> =
  Object.fromEntries(
    Object.entries({
      aws_secret: [(s) => `aws_secret_access_key = ${s}`, random(40, `${ALNUM}/+`, 101)],
      env: [(s) => `export DEEPLOY_API_KEY="${s}"`, alnum(32, 102)],
      yaml: [(s) => `auth_token: '${s}'`, alnum(28, 103)],
      json: [(s) => `{"clientSecret": "${s}"}`, alnum(30, 104)],
      bearer: [(s) => `curl -H "Authorization: Bearer ${s}" https://api.invalid`, alnum(40, 105)],
      basic: [
        (s) => `Authorization: Basic ${s}`,
        Buffer.from(`ops:${alnum(14, 106)}`).toString('base64'),
      ],
      postgres: [(s) => `DATABASE_URL=postgres://app:${s}@db.internal:5432/app`, alnum(18, 107)],
      mongo: [(s) => `mongodb+srv://svc:${s}@cluster0.mongodb.net/x`, alnum(18, 108)],
      redis: [(s) => `redis://:${s}@cache:6379/0`, alnum(20, 109)],
      url: [(s) => `git clone https://bot:${s}@git.internal.invalid/x.git`, alnum(24, 110)],
      azure: [(s) => `AccountName=x;AccountKey=${s};EndpointSuffix=core`, `${alnum(86, 111)}==`],
      dotnet: [(s) => `Server=db;User Id=sa;Password=${s};`, `Zx9!${alnum(10, 112)}`],
      npmrc: [(s) => `//registry.internal.invalid/:_authToken=${s}`, alnum(36, 113)],
      netrc: [(s) => `machine git.internal login bot password ${s}`, alnum(20, 114)],
      curl_user: [(s) => `curl -u deploy:${s} https://x.invalid`, alnum(20, 115)],
      flag: [(s) => `deployctl --token ${s} up`, alnum(30, 116)],
      header: [(s) => `x-api-key: ${s}`, alnum(40, 117)],
      entropic: [(s) => `SESSION_SECRET=${s}`, hex(64, 118)],
      password: [(s) => `const password = "${s}";`, 'tR7!mK2#pQ9z'],
      cookie: [(s) => `Set-Cookie: sid=${s}; Path=/`, alnum(40, 119)],
    } satisfies Record<string, [(secret: string) => string, string]>).map(
      ([name, [text, secret]]) => [name, [text(secret), secret]],
    ),
  );
