import { defineTool } from '../define.ts';
import { reversal } from './reversal.ts';

export default defineTool({
  name: 'cc_undo',
  area: 'git',
  kind: 'destructive',
  title: 'Undo the last rollback or apply',
  summary:
    'Undo (take back) the last rollback or apply, or a named one; a preview unless apply. Refuses to lose newer edits.',
  ...reversal('undo'),
});
