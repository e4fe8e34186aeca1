# Sets cc-orchestrator up in Codex and Claude Code; needs only Node 20.19 or newer (in a clone also npm).
#
#   install\install.ps1 [setup|doctor|uninstall] [options]     install\install.ps1 setup --help
$ErrorActionPreference = 'Stop'
$here = Split-Path -Parent $PSScriptRoot
if (-not (Get-Command node -ErrorAction SilentlyContinue)) {
  [Console]::Error.WriteLine('cc-orchestrator needs Node 20.19 or newer: https://nodejs.org')
  exit 4
}
$command = 'setup'
$rest = @($args)
if ($rest.Count -gt 0 -and @('setup', 'doctor', 'uninstall') -contains $rest[0]) {
  $command = $rest[0]
  $rest = @($rest | Select-Object -Skip 1)
}
# A clone builds what is missing first; a package is complete.
$clone = Join-Path $here 'scripts/run.mjs'
$program = if (Test-Path $clone) { $clone } else { Join-Path $here 'dist/cc-orchestrator.js' }
& node $program $command @rest
exit $LASTEXITCODE
