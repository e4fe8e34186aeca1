import { lazy } from '../../core/lazy.ts';
import { redactJson } from '../../core/redact.ts';
import type { Host } from '../../workspace/host.ts';

const loadHiding = /* @__PURE__ */ lazy(() => import('../../runs/secrets/source-redactor.ts'));

/** What is told of changes, with the secrets in names and in source hidden. */
export async function withoutSecrets<T>(host: Host, told: T): Promise<T> {
  const { sourceRedactor } = await loadHiding();
  return redactJson(told, await sourceRedactor(host));
}
