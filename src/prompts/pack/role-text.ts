import { toErrorFacts } from '../../core/errors.ts';
import { digestOf } from '../../core/ids.ts';
import type { Role } from '../../core/vocabulary.ts';
import { packedText } from './packed-text.ts';

/** The text a role adds to the system prompt, and where it comes from; `none` says why there is none. */
export type RoleText = {
  text: string;
  applied: { source: 'pack' | 'user' | 'none'; digest?: string; reason?: string };
};

/** Two words for one kind of work. */
const SAME_AS: Partial<Record<Role, Role>> = { implementation: 'development' };

/** A broken pack costs a run its role text, never the run. */
export async function roleText(userDir: string, role: Role): Promise<RoleText> {
  try {
    for (const name of [role, SAME_AS[role] ?? role]) {
      const found = await packedText(userDir, `roles/${name}.md`);
      if (found === undefined) continue;
      const { text, source } = found;
      if (text === '') return none(`roles/${name}.md is empty`);
      return { text, applied: { source, digest: digestOf(text) } };
    }
    return none(`there is no text for the role ${role}`);
  } catch (error) {
    return none(toErrorFacts(error).message);
  }
}

function none(reason: string): RoleText {
  return { text: '', applied: { source: 'none', reason } };
}
