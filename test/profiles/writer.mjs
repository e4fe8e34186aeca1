// Writes a CC Switch database without a pause until its stdin ends, then says how many usage rows it
// has added. Each transaction gives the first ten Claude providers one round in name, token and a text
// of changing length, and adds a row; every fifth is rolled back and must never be seen.
// It waits for no lock: a lock of anybody else ends it.
//   node writer.mjs <database> <journal mode>
import Database from 'libsql';

const [path, mode] = process.argv.slice(2);
const database = new Database(path);
database.prepare(`PRAGMA journal_mode = ${mode}`).all();
database.prepare('PRAGMA busy_timeout = 0').all();
const log = database.prepare(
  "INSERT INTO proxy_request_logs (request_id, provider_id, app_type, model, latency_ms, status_code, created_at) VALUES (hex(randomblob(16)), 'p0', 'claude', 'written', 1, 200, 1)",
);
let added = 0;
let going = true;
process.stdin.resume();
process.stdin.on('end', () => {
  going = false;
});
for (let round = 1; going; round += 1) {
  const isKept = round % 5 !== 0;
  const mark = isKept ? `round-${round}` : `never-${round}`;
  const text = mark.padEnd(100 + ((round * 7919) % 9000), '.');
  database.exec('BEGIN IMMEDIATE');
  database.exec(
    `UPDATE providers SET name = '${mark}', settings_config = json_object('env', json_object('ANTHROPIC_BASE_URL', 'https://x.example', 'ANTHROPIC_AUTH_TOKEN', 'token-${mark}'), 'note', '${text}') WHERE app_type = 'claude' AND sort_index < 10`,
  );
  log.run();
  database.exec(isKept ? 'COMMIT' : 'ROLLBACK');
  if (isKept) added += 1;
  if (round === 1) process.stdout.write('ready\n');
  await new Promise((resolve) => setImmediate(resolve));
}
database.close();
process.stdout.write(`${added}\n`);
