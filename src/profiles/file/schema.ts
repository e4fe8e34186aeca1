import * as z from 'zod';
import { shownAddress } from '../address.ts';

const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/);
const modelId = z.string().trim().min(1).max(200);
const usd = z.number().min(0).max(1e9);
const price = z.strictObject({
  input: usd,
  output: usd,
  cache_read: usd.optional(),
  cache_write: usd.optional(),
});

/** One profile of profiles.yaml. Which fields exclude each other is checked beside it (`problems.ts`). */
export const fileProfile = z.strictObject({
  label: z.string().trim().min(1).max(80).optional(),
  base_url: z.string().refine((text) => shownAddress(text) !== undefined, 'Not an address'),
  auth: z.enum(['auth_token', 'api_key']).default('auth_token'),
  token_env: variable.optional(),
  token_command: z.array(z.string().min(1).max(1000)).min(1).max(50).optional(),
  token_command_env: z.array(variable).max(50).optional(),
  token: z.string().min(1).max(10_000).optional(),
  allow_inline_token: z.boolean().optional(),
  models: z
    .strictObject({
      default: modelId.optional(),
      opus: modelId.optional(),
      sonnet: modelId.optional(),
      haiku: modelId.optional(),
      fable: modelId.optional(),
    })
    .optional(),
  price: price.optional(),
  prices: z.record(modelId, price).optional(),
  context_window: z.int().min(1000).max(100_000_000).optional(),
});
export type FileProfile = z.infer<typeof fileProfile>;

/** What a field takes, for whoever got it wrong. */
export const TAKES: Readonly<Record<keyof FileProfile, string>> = {
  label: 'a name to show, up to 80 characters',
  base_url: 'an http(s) address, such as https://api.example.com/anthropic',
  auth: '`auth_token` (sent as Bearer, the default) or `api_key` (sent as x-api-key)',
  token_env: 'the name of an environment variable, such as EXAMPLE_TOKEN',
  token_command:
    'a program and its arguments as a list, such as [pass, show, example]; there is no shell',
  token_command_env: 'a list of names of further environment variables for the command',
  token: 'the token, with allow_inline_token: true beside it',
  allow_inline_token: 'true or false',
  models: 'a map of default, opus, sonnet, haiku or fable to a model id (a number in quotes)',
  price: 'a map of input, output, cache_read, cache_write to USD per million tokens',
  prices: 'a map of model ids, each to a map like that of price',
  context_window: 'a whole number of tokens, such as 200000',
};
