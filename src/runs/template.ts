import { CcError } from '../core/errors.ts';
import type { Role } from '../core/vocabulary.ts';
import { renderTemplate } from '../prompts/pack/render.ts';
import type { Host } from '../workspace/host.ts';

/** The template of a prompt pack that makes a task, and what is filled in beside the task. */
export type TemplateUse = { name: string; variables?: Record<string, string> | undefined };

/** The part of a request that a template has to do with. */
type Request = {
  task: string;
  title?: string | undefined;
  role?: Role | undefined;
  template?: TemplateUse | undefined;
  allowWrite?: boolean | undefined;
  scope?: { paths?: string[] | undefined } | undefined;
};

/** The request with its task as the worker gets it. The title stays what the controller wrote. */
export async function withTemplate<R extends Request>(host: Host, request: R): Promise<R> {
  const { template: use, task, scope, title } = request;
  if (use === undefined) return request;
  const given = { task, ...use.variables };
  const { template, text } = await renderTemplate(host.home.promptPack, use.name, given, {
    write_scope: scope?.paths?.join(', '),
  });
  if (template.write && !request.allowWrite) {
    throw new CcError('BAD_INPUT', `Template ${template.name} is for changing files.`, {
      hint: 'Pass allow_write: true and the scope, or choose a template that only reads.',
    });
  }
  return { ...request, task: text, title: title ?? task, role: request.role ?? template.role };
}
