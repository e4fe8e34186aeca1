import { defineTool } from '../define.ts';
import { reversal } from './reversal.ts';

export default defineTool({
  name: 'cc_redo',
  area: 'git',
  kind: 'destructive',
  title: 'Redo what was undone',
  summary: 'Redo an undone rollback or apply; a preview unless apply. Refuses to lose newer edits.',
  ...reversal('redo'),
});
