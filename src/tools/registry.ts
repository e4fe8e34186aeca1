import type { Tool } from './define.ts';
import applyRun from './git/apply-run.ts';
import checkWriteScope from './git/check-write-scope.ts';
import diffSummary from './git/diff-summary.ts';
import gitDiff from './git/git-diff.ts';
import redo from './git/redo.ts';
import rollbackRun from './git/rollback-run.ts';
import undo from './git/undo.ts';
import decide from './judgement/decide.ts';
import decisionReview from './judgement/decision-review.ts';
import gateCheck from './judgement/gate-check.ts';
import openItems from './judgement/open-items.ts';
import scoreWorker from './judgement/score-worker.ts';
import ledgerQuery from './ledger/ledger-query.ts';
import ledgerVerify from './ledger/ledger-verify.ts';
import benchmarkModel from './profiles/benchmark-model.ts';
import benchmarkSuite from './profiles/benchmark-suite.ts';
import calibratePolicy from './profiles/calibrate-policy.ts';
import listProfiles from './profiles/list-profiles.ts';
import localPolicy from './profiles/local-policy.ts';
import modelRegistry from './profiles/model-registry.ts';
import pickProfile from './profiles/pick-profile.ts';
import scoreModels from './profiles/score-models.ts';
import shadowRun from './profiles/shadow-run.ts';
import testProfile from './profiles/test-profile.ts';
import writeStrategyReports from './profiles/write-strategy-reports.ts';
import answerQuestion from './runs/answer-question.ts';
import compactEvents from './runs/compact-events.ts';
import costGuard from './runs/cost-guard.ts';
import lastRun from './runs/last-run.ts';
import listQuestions from './runs/list-questions.ts';
import mockStreamTest from './runs/mock-stream-test.ts';
import openRunFolder from './runs/open-run-folder.ts';
import pollRun from './runs/poll-run.ts';
import preflightWriteScope from './runs/preflight-write-scope.ts';
import promptPack from './runs/prompt-pack.ts';
import recoverRuns from './runs/recover-runs.ts';
import runAgent from './runs/run-agent.ts';
import runStatus from './runs/run-status.ts';
import runStreamingAgent from './runs/run-streaming-agent.ts';
import runVisibleAgent from './runs/run-visible-agent.ts';
import secretScanRun from './runs/secret-scan-run.ts';
import sendInstruction from './runs/send-instruction.ts';
import stopRun from './runs/stop-run.ts';
import summarizeRun from './runs/summarize-run.ts';
import usageSummary from './runs/usage-summary.ts';
import verifyRun from './runs/verify-run.ts';
import waitRuns from './runs/wait-runs.ts';
import handoffRead from './workflows/handoff-read.ts';
import handoffRepairPrompt from './workflows/handoff-repair-prompt.ts';
import handoffTemplate from './workflows/handoff-template.ts';
import handoffValidate from './workflows/handoff-validate.ts';
import workflowApprove from './workflows/workflow-approve.ts';
import workflowDryRun from './workflows/workflow-dry-run.ts';
import workflowPlan from './workflows/workflow-plan.ts';
import workflowReport from './workflows/workflow-report.ts';
import workflowResume from './workflows/workflow-resume.ts';
import workflowRetryNode from './workflows/workflow-retry-node.ts';
import workflowRun from './workflows/workflow-run.ts';
import workflowStatus from './workflows/workflow-status.ts';
import workflowStop from './workflows/workflow-stop.ts';
import workflowValidate from './workflows/workflow-validate.ts';
import archiveRuns from './workspace/archive-runs.ts';
import cleanWorkspace from './workspace/clean-workspace.ts';
import folderPolicy from './workspace/folder-policy.ts';
import healthcheck from './workspace/healthcheck.ts';
import initWorkspace from './workspace/init-workspace.ts';
import migrateData from './workspace/migrate-data.ts';
import repairMcpPaths from './workspace/repair-mcp-paths.ts';
import upgradeCheck from './workspace/upgrade-check.ts';
import workspaceStatus from './workspace/workspace-status.ts';
import writeClaudeMd from './workspace/write-claude-md.ts';

/** Every tool, sorted by name: the list is the same for every client, always. */
export const TOOLS: readonly Tool[] = [
  answerQuestion,
  applyRun,
  archiveRuns,
  calibratePolicy,
  benchmarkModel,
  benchmarkSuite,
  cleanWorkspace,
  costGuard,
  decide,
  decisionReview,
  compactEvents,
  folderPolicy,
  checkWriteScope,
  diffSummary,
  gateCheck,
  gitDiff,
  handoffRead,
  handoffRepairPrompt,
  handoffTemplate,
  handoffValidate,
  healthcheck,
  initWorkspace,
  lastRun,
  ledgerQuery,
  ledgerVerify,
  listProfiles,
  listQuestions,
  localPolicy,
  migrateData,
  modelRegistry,
  mockStreamTest,
  openItems,
  openRunFolder,
  pickProfile,
  pollRun,
  preflightWriteScope,
  promptPack,
  recoverRuns,
  repairMcpPaths,
  runAgent,
  runStatus,
  runStreamingAgent,
  sendInstruction,
  runVisibleAgent,
  redo,
  rollbackRun,
  scoreModels,
  secretScanRun,
  scoreWorker,
  shadowRun,
  stopRun,
  summarizeRun,
  testProfile,
  undo,
  upgradeCheck,
  usageSummary,
  verifyRun,
  waitRuns,
  workflowDryRun,
  workflowPlan,
  workflowRun,
  workflowApprove,
  workflowReport,
  workflowResume,
  workflowRetryNode,
  workflowStatus,
  workflowStop,
  workflowValidate,
  workspaceStatus,
  writeClaudeMd,
  writeStrategyReports,
].sort((a, b) => (a.name < b.name ? -1 : 1));
