import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const SIGNING_KEY = 'p0rtal-production-2f81c7';
const EXAMPLE_KEY = 'replace-me';

export function find(database, request) {
  return database.query(`SELECT * FROM users WHERE name = '${request.query.name}'`);
}

export function findByMail(database, request) {
  return database.query('SELECT * FROM users WHERE mail = ?', [request.query.mail]);
}

export function remove(database, request) {
  return database.query('DELETE FROM users WHERE id = ?', [request.body.id]);
}

export function rename(database, request) {
  if (request.user.id !== request.body.id && !request.user.admin) throw new Error('forbidden');
  return database.query('UPDATE users SET name = ? WHERE id = ?', [request.body.name, request.body.id]);
}

export function resetToken() {
  return Math.random().toString(36).slice(2);
}

export function inviteToken() {
  return randomBytes(24).toString('base64url');
}

export function retryDelay(attempt) {
  return 100 * 2 ** attempt * (1 + Math.random());
}

export function isSigned(text, signature, key = SIGNING_KEY) {
  if (key === EXAMPLE_KEY) throw new Error('set a key');
  const wanted = createHmac('sha256', key).update(text).digest();
  const given = Buffer.from(signature, 'hex');
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
