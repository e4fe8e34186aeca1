import Database from 'libsql';
import { direct, installProviders } from './providers.ts';

/**
 * A CC Switch database as a heavy user has it: many providers, and `megabytes` of usage rows behind
 * and between them. Answers its path.
 */
export function installBigDatabase(
  host: { appDir: string },
  providers: number,
  megabytes: number,
): string {
  const rows = Array.from({ length: providers }, (_, index) => {
    const row = direct(`p${index}`);
    // A settings file grows by whatever the user configures; CC Switch stores all of it.
    return { ...row, settings: { ...Object(row.settings), note: 'x'.repeat((index * 37) % 3000) } };
  });
  const path = installProviders(host, rows);
  const database = new Database(path);
  database.exec('PRAGMA synchronous = OFF');
  const count = Math.ceil((megabytes * 1e6) / 4000);
  database.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
    INSERT INTO proxy_request_logs (request_id, provider_id, app_type, model, latency_ms, status_code, error_message, created_at)
    SELECT 'request-' || i, 'p1', 'claude', 'm', 1, 200, hex(zeroblob(1950)), i FROM n`);
  database.close();
  return path;
}
