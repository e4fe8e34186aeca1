/** Prefix under which variables that are meant for others travel through the environment of a process. */
const PREFIX = 'CCW_';

/** These variables as a process carries them: they neither slow nor steer it. */
export function carried(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value === undefined ? [] : [[`${PREFIX}${name}`, value]],
    ),
  );
}

/** Takes what this process carries out of its environment: helper programs it starts must not see it. */
export function takeCarried(): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value === undefined || !name.startsWith(PREFIX)) continue;
    env[name.slice(PREFIX.length)] = value;
    delete process.env[name];
  }
  return env;
}
