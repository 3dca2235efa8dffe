# Completion of ragenv for PowerShell. Load it with: ragenv completion powershell | Out-String | Invoke-Expression

Register-ArgumentCompleter -Native -CommandName ragenv -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $elements = @($commandAst.CommandElements | Where-Object { $_.Extent.StartOffset -lt $cursorPosition })
    $words = @($elements | Select-Object -Skip 1 | ForEach-Object { $_.Extent.Text.Trim("'`"") })
    $program = $elements[0].Extent.Text
    # An empty argument does not reach a program in every version of PowerShell, so the flag stands for it.
    if ($wordToComplete) { $lines = @(& $program __complete -- @words 2>$null) }
    else { $lines = @(& $program __complete --new-word -- @words 2>$null) }
    if ($lines.Count -eq 0) { return }

    if ($lines[0] -eq ':words') {
        $lines | Select-Object -Skip 1 | ForEach-Object {
            $value, $about = $_ -split "`t", 2
            if (-not $about) { $about = $value }
            [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $about)
        }
    } elseif ($lines[0] -match '^:command (\d+)$') {
        $first = [int]$Matches[1] + 1
        $text = ''
        if ($first -lt $elements.Count) {
            $start = $elements[$first].Extent.StartOffset - $commandAst.Extent.StartOffset
            $text = $commandAst.Extent.Text.Substring($start)
            if (-not $wordToComplete) { $text += ' ' }
        }
        [System.Management.Automation.CommandCompletion]::CompleteInput($text, $text.Length, $null).CompletionMatches
    }
}
