# Puts Ringfence's shims first on PATH in this terminal, and nothing else anywhere.
#   . .\Activate.ps1            for the directory you are in
#   . .\Activate.ps1 -Prompt    and show it in the prompt
#   deactivate                  takes it all back
param([switch]$Prompt)

if (Test-Path Env:RINGFENCE_OLD_PATH) {
    [Console]::Error.WriteLine('ringfence: active in this terminal already; `deactivate` leaves.')
    return
}

function global:deactivate {
    if (-not (Test-Path Env:RINGFENCE_OLD_PATH)) { return }
    $env:PATH = $env:RINGFENCE_OLD_PATH
    foreach ($name in 'OLD_PATH', 'ROOT', 'DEAD_PORT', 'TOLD') {
        Remove-Item "Env:RINGFENCE_$name" -ErrorAction SilentlyContinue
    }
    if (Test-Path Function:\_ringfence_old_prompt) {
        Copy-Item Function:\_ringfence_old_prompt Function:\prompt
        Remove-Item Function:\_ringfence_old_prompt
    }
    Remove-Item Function:\deactivate -ErrorAction SilentlyContinue
}

$env:RINGFENCE_OLD_PATH = $env:PATH
$env:RINGFENCE_ROOT = (Get-Location -PSProvider FileSystem).ProviderPath
$env:PATH = "$PSScriptRoot\shims;$PSScriptRoot;$env:PATH"
$port = & "$PSScriptRoot\ringfence.exe" dead-port
if ($port) { $env:RINGFENCE_DEAD_PORT = $port }
if ($Prompt) {
    Copy-Item Function:\prompt Function:\global:_ringfence_old_prompt
    function global:prompt { '(ringfence) ' + (_ringfence_old_prompt) }
}
& "$PSScriptRoot\ringfence.exe" status --line
$env:RINGFENCE_TOLD = '1'
