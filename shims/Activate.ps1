# SPDX-License-Identifier: MIT
#
# Puts Ringfence's shims first on PATH in this session, and nothing else anywhere.
#   . .\Activate.ps1            for the directory you are in
#   . .\Activate.ps1 -Prompt    and show it in the prompt
#   deactivate                  takes it all back
# Where something else, as a Python venv, is called deactivate already, the name is
# ringfence_deactivate.  If this session refuses scripts:
#   Set-ExecutionPolicy -Scope Process RemoteSigned     (and Unblock-File, if downloaded)
param([switch]$Prompt)

# In a scope of its own: dot-sourced, no variable and no preference of ours stays behind.
& {
    param([bool]$showPrompt, [string]$install)

    $ErrorActionPreference = 'Continue'
    $WarningPreference = 'Continue'
    $PSNativeCommandUseErrorActionPreference = $false

    if (Test-Path -Path Variable:global:_ringfence) {
        Write-Warning ('ringfence: active in this session already, in "' + $env:RINGFENCE_ROOT + '"; `deactivate` leaves.')
        return
    }

    if (-not (Test-Path -LiteralPath "$install\ringfence.exe")) {
        Write-Warning "ringfence: nothing is activated: no ringfence.exe in $install; unzip it again, or ask the antivirus."
        return
    }

    # What deactivate needs: the variables as they were ($null: not set), and the prompt.
    $old = @{ Variables = @{}; Prompt = $null; Short = $false }
    foreach ($name in 'PATH', 'RINGFENCE_ROOT', 'RINGFENCE_DEAD_PORT', 'RINGFENCE_TOLD') {
        $old.Variables[$name] = $null
        if (Test-Path -Path "Env:$name") { $old.Variables[$name] = (Get-Item -Path "Env:$name").Value }
    }
    $code = Get-Variable -Name LASTEXITCODE -Scope Global -ErrorAction Ignore
    $hadCode = $null -ne $code
    if ($hadCode) { $code = $code.Value }

    function global:ringfence_deactivate {
        if (-not (Test-Path -Path Variable:global:_ringfence)) { return }
        $old = $global:_ringfence
        foreach ($name in $old.Variables.Keys) {
            if ($null -ne $old.Variables[$name]) {
                Set-Item -Path "Env:$name" -Value $old.Variables[$name]
            } else {
                Remove-Item -Path "Env:$name" -ErrorAction Ignore
            }
        }
        if ($null -ne $old.Prompt) {
            Set-Item -Path Function:global:prompt -Value $old.Prompt
        }
        # A venv activated since may have taken the name over.
        if ($old.Short -and (Test-Path -Path Function:deactivate) -and
            (Get-Item -Path Function:deactivate).Definition -like '*ringfence_deactivate*') {
            Remove-Item -Path Function:deactivate -ErrorAction Ignore
        }
        Remove-Variable -Name _ringfence -Scope Global
        Remove-Item -Path Function:ringfence_deactivate
    }
    if (-not (Test-Path -Path Function:deactivate)) {
        $old.Short = $true
        function global:deactivate { ringfence_deactivate }
    }
    if ($showPrompt) {
        $old.Prompt = (Get-Item -Path Function:prompt).ScriptBlock
        function global:prompt { '(ringfence) ' + (& $global:_ringfence.Prompt) }
    }
    $global:_ringfence = $old

    $env:RINGFENCE_ROOT = (Get-Location -PSProvider FileSystem).ProviderPath
    $env:PATH = "$install\shims;$install;$env:PATH"
    Remove-Item -Path Env:RINGFENCE_DEAD_PORT -ErrorAction Ignore
    $port = & "$install\ringfence.exe" dead-port
    if ($port) { $env:RINGFENCE_DEAD_PORT = "$port" }
    & "$install\ringfence.exe" status --line
    $env:RINGFENCE_TOLD = '1'

    # The caller's last exit code is the caller's.
    if ($hadCode) { $global:LASTEXITCODE = $code }
    else { Remove-Variable -Name LASTEXITCODE -Scope Global -ErrorAction Ignore }
} $Prompt.IsPresent $PSScriptRoot
