#requires -Version 5.1
<#
.SYNOPSIS
Settles on a machine with Windows what a script can of docs/not-shown.md.

.DESCRIPTION
Every entry of that page is here under its number. Each gives pass, fail, skipped, or by hand with
what is left to do; the table is printed, and written as JSON. Nothing is left behind: what is
started, changed or stopped is put back, after an error and after Ctrl-C too.

Anything that disturbs the machine asks first; -WhatIf changes nothing, -Confirm:$false asks
nothing. For a test machine: never run it where somebody works.

.PARAMETER Only
Numbers, as in N01,N18; without it, all.

.PARAMETER Weir
weir.exe, which decodes traces, and whose run N43 to N57 are about. Without one, entries that read
the trace or start it are skipped.

.PARAMETER Output
Folder for the trace, WFP's state and lab.json; made where it is missing, never emptied.

.PARAMETER Connections
How many connections a test makes.

.PARAMETER Rounds
How often tests that start and stop the driver do so.

.PARAMETER AllowSleep
Lets N31 put the machine to sleep for two minutes.

.EXAMPLE
.\lab.ps1 -WhatIf

.EXAMPLE
.\lab.ps1 -Only N01,N18 -Weir C:\weir\weir.exe
#>
[CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'High')]
param(
    [string[]] $Only = @(),
    [string] $Weir = '',
    [string] $Output = (Join-Path ([System.IO.Path]::GetTempPath()) 'weir-lab'),
    [ValidateRange(1, 5000)] [int] $Connections = 100,
    [ValidateRange(1, 1000)] [int] $Rounds = 20,
    [switch] $AllowSleep
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

# Names and numbers of the driver; a test holds them against its source.
$ServiceName = 'weir'
$ProviderName = 'Weir.FlowClassify'
$ProviderId = '{35a333c2-4a21-5096-9128-1437b3606b9a}'
$WfpProvider = '{22fa64d4-da7c-4318-a6a6-9043bd51a5ad}'
$Sublayer = '{9cc0db5c-53e4-4f13-9552-d9b516cab8e6}'
$Callouts = @(
    '{5814b9b6-dccf-4eb7-b49d-db1dd6a93da5}', '{515e85c9-5e0f-47e5-ac04-b33296b76918}',
    '{f4314231-5368-41ad-b42c-04919f82eef6}', '{3d0f4d37-0e08-4f3e-bbc8-4e57d022d080}'
)
$Filters = @(
    '{9680c327-7e03-4d18-a051-ec4954632271}', '{06754d47-6898-49f6-b09e-f1b27c5e1bac}',
    '{c6487948-87a5-4fcf-ade6-16374cfe3da8}', '{315cef57-2f4c-43df-9fd8-a9afe53adce5}'
)
$ProgramType = '{aa3ccdea-026e-400a-9fff-5081c44fc5a2}'
$AttachType = '{01c6f75e-69dd-4d49-bf96-c4cb80fe7246}'
$StorePath = 'Software\eBPF\Providers'
$SectionName = 'flow_classify'
$BpfProgramType = 7
$BpfAttachType = 18
$ReasonUnreadable = 3
$ApiAssociate = 6
$StateEngineUp = 3
$StateEngineDown = 4

$Session = 'weir-lab'
$CollectorSessions = @('weir-control', 'weir-detail')
$CollectorPort = 10062
# Collectors that were started.
$Collectors = New-Object System.Collections.ArrayList
$Cmdlet = $PSCmdlet
$Results = New-Object System.Collections.ArrayList
$Entries = New-Object System.Collections.ArrayList
# What puts things back, last first.
$Undo = New-Object System.Collections.Stack
$Refused = ''
$After = $false
$MainTrace = $null
$MainTraffic = $null

# ---- Results ----

function Entry([string] $Id, [string] $What, [string] $ByHand, [scriptblock] $Run) {
    [void] $Entries.Add([pscustomobject] @{ Id = $Id; What = $What; ByHand = $ByHand; Run = $Run })
}
function Answer([string] $Result, [string] $Detail) {
    [pscustomobject] @{ Result = $Result; Detail = $Detail }
}
function Pass([string] $Detail) { Answer 'pass' $Detail }
function Fail([string] $Detail) { Answer 'fail' $Detail }
function Skip([string] $Detail) { Answer 'skipped' $Detail }
function ByHand([string] $Detail) { Answer 'by hand' $Detail }
function Judge([bool] $Holds, [string] $Detail) {
    if ($Holds) { Pass $Detail } else { Fail $Detail }
}

# ---- The machine ----

function Invoke-Tool([string] $Tool, [string[]] $Arguments) {
    # What tools say on standard error is no error of PowerShell's.
    $ErrorActionPreference = 'Continue'
    $said = & $Tool @Arguments 2>&1 | ForEach-Object { "$_" }
    [pscustomobject] @{ Code = $LASTEXITCODE; Text = ($said -join "`n") }
}
# From WMI, whose words are the same in every language of Windows.
function Get-Driver {
    Get-CimInstance -ClassName Win32_SystemDriver -Filter "Name = '$ServiceName'" -ErrorAction SilentlyContinue
}
function Get-DriverState {
    $driver = Get-Driver
    if ($null -eq $driver) { 'absent' } else { ([string] $driver.State).ToLowerInvariant() }
}
function Wait-DriverState([string] $State, [int] $Seconds) {
    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    while ((Get-DriverState) -ne $State) {
        if ($watch.Elapsed.TotalSeconds -gt $Seconds) { return $false }
        Start-Sleep -Milliseconds 100
    }
    $true
}
# Milliseconds that the change took; -1 where it did not come.
function Switch-Driver([string] $Verb) {
    $wanted = if ($Verb -eq 'start') { 'running' } else { 'stopped' }
    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    [void] (Invoke-Tool 'sc.exe' @($Verb, $ServiceName))
    if (Wait-DriverState $wanted 120) { [int] $watch.ElapsedMilliseconds } else { -1 }
}
# Runs a test that stops the driver, which runs again afterwards.
function Use-Driver([string] $Action, [scriptblock] $Test) {
    if ((Get-DriverState) -ne 'running') { return Skip "the service $ServiceName does not run" }
    if (-not $Cmdlet.ShouldProcess("the service $ServiceName", $Action)) { return Skip 'declined' }
    $restart = { if ((Get-DriverState) -ne 'running') { [void] (Switch-Driver 'start') } }
    $Undo.Push($restart)
    try { & $Test } finally { & $restart; [void] $Undo.Pop() }
}
function Get-WfpText([string] $What) {
    $file = Join-Path $Output "wfp-$What.xml"
    [void] (Invoke-Tool 'netsh.exe' @('wfp', 'show', $What, "file=$file"))
    if (Test-Path -LiteralPath $file) { [System.IO.File]::ReadAllText($file) } else { '' }
}
# Which of the driver's objects the filtering engine names.
function Find-Objects {
    $text = (Get-WfpText 'state') + (Get-WfpText 'filters')
    @(@($WfpProvider, $Sublayer) + $Callouts + $Filters |
        Where-Object { $text.IndexOf($_, [StringComparison]::OrdinalIgnoreCase) -ge 0 })
}

# ---- Traffic: plain sockets of this process, both ends ----

function Read-Whole([System.Net.Sockets.Socket] $From, [int] $Bytes) {
    $data = New-Object byte[] $Bytes
    $have = 0
    while ($have -lt $Bytes) {
        $got = $From.Receive($data, $have, $Bytes - $have, [System.Net.Sockets.SocketFlags]::None)
        if ($got -eq 0) { break }
        $have += $got
    }
    , $data[0..([Math]::Max($have - 1, 0))]
}
function Test-Pass([System.Net.Sockets.Socket] $From, [System.Net.Sockets.Socket] $To, [byte[]] $Data) {
    [void] $From.Send($Data)
    $there = Read-Whole $To $Data.Length
    [Convert]::ToBase64String($there) -eq [Convert]::ToBase64String($Data)
}
function New-Pair([System.Net.IPAddress] $Address) {
    $listener = New-Object System.Net.Sockets.TcpListener $Address, 0
    $client = New-Object System.Net.Sockets.Socket $Address.AddressFamily, 'Stream', 'Tcp'
    try {
        $listener.Start(1)
        $client.ReceiveTimeout = 10000
        $client.SendTimeout = 10000
        $client.Connect($listener.LocalEndpoint)
        $server = $listener.AcceptSocket()
        $server.ReceiveTimeout = 10000
        $server.SendTimeout = 10000
    } catch {
        $client.Close()
        throw
    } finally {
        $listener.Stop()
    }
    [pscustomobject] @{
        Client = $client; Server = $server
        ClientPort = $client.LocalEndPoint.Port; ServerPort = $server.LocalEndPoint.Port
    }
}
function Close-Pair($Pair, [string] $How) {
    switch ($How) {
        'fin' { $Pair.Client.Shutdown('Send'); $Pair.Server.Shutdown('Send') }
        'rst' { $Pair.Client.LingerState = New-Object System.Net.Sockets.LingerOption $true, 0 }
        'half' {
            # One side ends, the other goes on sending.
            $Pair.Client.Shutdown('Send')
            $end = New-Object byte[] 1
            if ($Pair.Server.Receive($end) -ne 0) { throw 'data after the end of the stream' }
            if (-not (Test-Pass $Pair.Server $Pair.Client ([byte[]] (1, 2, 3)))) { throw 'data lost after a half close' }
        }
    }
    $Pair.Client.Close()
    $Pair.Server.Close()
}
# Makes connections of every kind, one after the other; each sends 1,000 bytes and is answered.
function Invoke-Traffic([int] $Count) {
    $data = [byte[]] (0..999 | ForEach-Object { $_ % 251 })
    $traffic = [pscustomobject] @{ Pairs = (New-Object System.Collections.ArrayList); Failed = @() }
    $addresses = @([System.Net.IPAddress]::Loopback)
    if ([System.Net.Sockets.Socket]::OSSupportsIPv6) { $addresses += [System.Net.IPAddress]::IPv6Loopback }
    for ($made = 0; $made -lt $Count; $made++) {
        $how = @('fin', 'rst', 'half')[$made % 3]
        $pair = $null
        try {
            $pair = New-Pair $addresses[$made % $addresses.Count]
            $whole = (Test-Pass $pair.Client $pair.Server $data) -and (Test-Pass $pair.Server $pair.Client $data)
            if (-not $whole) { throw 'the data that came is not the data that was sent' }
            Close-Pair $pair $how
            [void] $traffic.Pairs.Add([pscustomobject] @{
                    Client = $pair.ClientPort; Server = $pair.ServerPort; How = $how
                })
        } catch {
            $traffic.Failed += "${how}: $($_.Exception.Message)"
            if ($null -ne $pair) { $pair.Client.Close(); $pair.Server.Close() }
        }
    }
    $traffic
}

# ---- The trace ----

function Find-Weir {
    if ($Weir -ne '') { return $Weir }
    $beside = Join-Path $PSScriptRoot 'weir.exe'
    if (Test-Path -LiteralPath $beside) { return $beside }
    $found = Get-Command 'weir.exe' -CommandType Application -ErrorAction SilentlyContinue | Select-Object -First 1
    if ($null -ne $found) { $found.Path } else { '' }
}
# Runs a test while a session records the driver's events, and gives them decoded.
function Use-Trace([scriptblock] $Test) {
    $file = Join-Path $Output ('{0:yyyyMMdd-HHmmss-fff}.etl' -f (Get-Date))
    $start = Invoke-Tool 'logman.exe' @('start', $Session, '-p', $ProviderId, '0xffffffffffffffff', '5',
        '-o', $file, '-bs', '256', '-nb', '64', '128', '-ets')
    if ($start.Code -ne 0) { throw "logman start: $($start.Text)" }
    $stop = { [void] (Invoke-Tool 'logman.exe' @('stop', $Session, '-ets')) }
    $Undo.Push($stop)
    # -1 where logman says it in another language.
    $lost = -1
    try {
        [void] (& $Test)
        # Deletions come after the ends of connections, and Counters once a second.
        Start-Sleep -Seconds 5
        $query = Invoke-Tool 'logman.exe' @('query', $Session, '-ets')
        if ($query.Text -match 'Events Lost:\s*(\d+)') { $lost = [int] $Matches[1] }
    } finally {
        & $stop
        [void] $Undo.Pop()
    }
    $decoder = Find-Weir
    $events = @()
    if ($decoder -ne '') {
        $said = Invoke-Tool $decoder @('events', '--provider', $ProviderName, $file)
        if ($said.Code -ne 0) { throw "weir events: $($said.Text)" }
        $events = @($said.Text -split "`n" | Where-Object { $_.StartsWith('{') } | ForEach-Object { ConvertFrom-Json $_ })
    }
    [pscustomobject] @{ File = $file; Events = $events; Lost = $lost; IsDecoded = ($decoder -ne '') }
}
# One recording of all kinds of traffic, which several entries read.
function Get-MainTrace {
    if ($null -eq $script:MainTrace) {
        $script:MainTrace = Use-Trace { $script:MainTraffic = Invoke-Traffic $Connections }
    }
    $script:MainTrace
}
function Select-Event($Trace, [string] $Name) { @($Trace.Events | Where-Object { $_.event -eq $Name }) }
# Runs a check of the main trace where it has what is looked for.
function Test-Trace([scriptblock] $Check) {
    if ($WhatIfPreference) { return Skip 'nothing is recorded with -WhatIf' }
    if ((Get-DriverState) -ne 'running') { return Skip "the service $ServiceName does not run" }
    $trace = Get-MainTrace
    if (-not $trace.IsDecoded) { return Skip 'no weir.exe to decode the trace: name it with -Weir' }
    if ((Select-Event $trace 'FlowEstablished').Count -eq 0) {
        return Skip 'nothing was inspected: attach never_decides and run it again'
    }
    & $Check $trace
}

# ---- The collector ----

# What `weir run` serves; empty where it does not.
function Get-Metrics {
    $answer = $null
    try { $answer = Invoke-WebRequest -UseBasicParsing -Uri "http://127.0.0.1:$CollectorPort/metrics" -TimeoutSec 10 } catch { return '' }
    [string] $answer.Content
}
# The sum of a metric's series; with a label, of those that have it.
function Measure-Metric([string] $Text, [string] $Name, [string] $Label = '') {
    $sum = 0.0
    foreach ($line in $Text -split "`n") {
        if ($line -match '^(\w+)(\{.*\})? (\S+)\s*$' -and $Matches[1] -eq $Name) {
            $labels = "$($Matches[2])"
            $value = [double]::Parse($Matches[3], [System.Globalization.CultureInfo]::InvariantCulture)
            if ($Label -eq '' -or $labels.Contains($Label)) { $sum += $value }
        }
    }
    $sum
}
# Which of the collector's sessions there are.
function Find-Session {
    $text = (Invoke-Tool 'logman.exe' @('query', '-ets')).Text
    @($CollectorSessions | Where-Object { $text.Contains($_) })
}
# Starts `weir run` and waits until it serves.
function Start-Collector([string[]] $Arguments) {
    $all = @('run', '--web.listen-address', "127.0.0.1:$CollectorPort") + $Arguments
    $process = Start-Process -FilePath (Find-Weir) -ArgumentList $all -PassThru -WindowStyle Minimized
    # Without its handle .NET does not learn the exit code.
    [void] $process.Handle
    [void] $Collectors.Add($process)
    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    while (-not $process.HasExited -and (Get-Metrics) -eq '') {
        if ($watch.Elapsed.TotalSeconds -gt 30) { throw 'weir run does not serve after 30 s' }
        Start-Sleep -Milliseconds 200
    }
    if ($process.HasExited) { throw "weir run ended with $($process.ExitCode)" }
    $process
}
function Stop-Collector([System.Diagnostics.Process] $Process) {
    if (-not $Process.HasExited) {
        $Process.Kill()
        [void] $Process.WaitForExit(10000)
    }
}
# Runs a test that starts collectors; none of them is left, and no session of theirs.
function Use-Collector([scriptblock] $Test) {
    if ($WhatIfPreference) { return Skip 'no session is started with -WhatIf' }
    if ((Get-DriverState) -ne 'running') { return Skip "the service $ServiceName does not run" }
    if ((Find-Weir) -eq '') { return Skip 'no weir.exe to run: name it with -Weir' }
    if (@(Find-Session).Count -gt 0) { return Skip 'a collector runs, or has left a session: logman query -ets' }
    $end = {
        $Collectors | ForEach-Object { Stop-Collector $_ }
        $Collectors.Clear()
        Find-Session | ForEach-Object { [void] (Invoke-Tool 'logman.exe' @('stop', $_, '-ets')) }
    }
    $Undo.Push($end)
    try { & $Test } finally { & $end; [void] $Undo.Pop() }
}

# ---- Entries, in the order of docs/not-shown.md ----

Entry 'N01' 'one deletion for each context' 'ctsTraffic for an hour with a pulled cable; block_all on the wire' {
    Test-Trace {
        param($trace)
        # Other connections of the machine may live on; none may be closed twice.
        $ours = @{}
        $MainTraffic.Pairs | ForEach-Object { $ours["$($_.Client)-$($_.Server)"] = $true; $ours["$($_.Server)-$($_.Client)"] = $true }
        $closed = @{}
        Select-Event $trace 'FlowClosed' | ForEach-Object { $closed[[string] $_.fields.flow_serial] += 1 }
        $flows = @(Select-Event $trace 'FlowEstablished' | Where-Object { $ours.ContainsKey("$($_.fields.local_port)-$($_.fields.remote_port)") })
        if ($flows.Count -eq 0) { return Skip 'no FlowEstablished of these connections: attach never_decides alone' }
        $open = @($flows | Where-Object { -not $closed.ContainsKey([string] $_.fields.flow_serial) })
        $twice = @($closed.Values | Where-Object { $_ -gt 1 })
        Judge ($open.Count -eq 0 -and $twice.Count -eq 0) "$($flows.Count) connections, $($open.Count) never closed; $($twice.Count) of all closed twice"
    }
}
Entry 'N02' 'the first data is seen' 'a Linux client with data in the handshake (TCP Fast Open), 100,000 connections' {
    Test-Trace {
        param($trace)
        $ours = @{}
        $MainTraffic.Pairs | ForEach-Object { $ours["$($_.Client)-$($_.Server)"] = $true }
        $short = 0; $seen = 0
        foreach ($verdict in Select-Event $trace 'Verdict') {
            if ($ours.ContainsKey("$($verdict.fields.local_port)-$($verdict.fields.remote_port)")) {
                $seen++
                if ($verdict.fields.bytes_outbound -lt 1000) { $short++ }
            }
        }
        if ($seen -eq 0) { return Skip 'no Verdict of these connections: attach never_decides alone' }
        Judge ($short -eq 0) "$seen connections, $short of which were not seen whole"
    }
}
Entry 'N03' 'a context removed inside its own callout' 'protocol_detect, MaxFlows = 1000, 20,000 connections that stay open, no Error pool or remove_context' $null
Entry 'N04' 'flow handles that are used again' 'an hour of short connections with http_host_block and BlockAction = abort' {
    Test-Trace {
        param($trace)
        $flows = @(Select-Event $trace 'FlowEstablished')
        $again = @($flows | Group-Object { [string] $_.fields.flow_id } | Where-Object { $_.Count -gt 1 })
        ByHand "$($again.Count) handles of $($flows.Count) were used again in this trace; an hour is asked for"
    }
}
Entry 'N05' 'contexts while the filtering engine is down' 'the same with 1,000 inspected and 100 blocked connections' {
    Use-Driver 'stop the Base Filtering Engine (no firewall meanwhile), and start it again' {
        $running = @(Get-Service -Name BFE -DependentServices | Where-Object { $_.Status -eq 'Running' })
        $restore = {
            Start-Service -Name BFE
            $running | ForEach-Object { Start-Service -Name $_.Name -ErrorAction Continue }
        }.GetNewClosure()
        $script:Refused = ''
        $trace = Use-Trace {
            $Undo.Push($restore)
            try {
                Stop-Service -Name BFE -Force
                [void] (Invoke-Traffic 10)
            } catch [Microsoft.PowerShell.Commands.ServiceCommandException] {
                $script:Refused = $_.Exception.Message
            } finally {
                & $restore
                [void] $Undo.Pop()
            }
            Start-Sleep -Seconds 5
        }
        if ($script:Refused -ne '') { return ByHand "Windows refuses: $($script:Refused)" }
        $objects = @(Find-Objects).Count
        if (-not $trace.IsDecoded) { return Judge ($objects -eq 10) "$objects of 10 objects are back; no weir.exe for the rest" }
        $kinds = @(Select-Event $trace 'DriverState' | ForEach-Object { [int] $_.fields.kind })
        $told = ($kinds -contains $StateEngineDown) -and ($kinds -contains $StateEngineUp)
        Judge ($told -and $objects -eq 10) "engine_down and engine_up told: $told; $objects of 10 objects are back"
    }
}
Entry 'N06' 'a registration that ends waits for its callbacks' '10,000 times with Driver Verifier; a breakpoint at the end of flow_delete' {
    Use-Driver "stop and start it $Rounds times under traffic" {
        $slow = 0
        for ($round = 0; $round -lt $Rounds; $round++) {
            [void] (Invoke-Traffic 6)
            if ((Switch-Driver 'stop') -lt 0 -or (Switch-Driver 'start') -lt 0) { $slow++ }
        }
        Judge ($slow -eq 0) "$Rounds stops and starts, $slow of which did not come within 120 s"
    }
}
Entry 'N07' 'two indications of one flow at once' 'iperf3 --bidir, 64 programs, CPU samples below KeAcquireSpinLockRaiseToDpc' $null
Entry 'N08' 'flow established that comes again' 'network profile, VPN and IPsec policies that come and go' {
    if (-not $Cmdlet.ShouldProcess('the firewall', 'add and remove a rule of its own')) { return Skip 'declined' }
    if ((Get-DriverState) -ne 'running') { return Skip "the service $ServiceName does not run" }
    $rule = 'weir-lab'
    $remove = { Remove-NetFirewallRule -Name $rule -ErrorAction SilentlyContinue }.GetNewClosure()
    $pair = New-Pair ([System.Net.IPAddress]::Loopback)
    try {
        $trace = Use-Trace {
            $Undo.Push($remove)
            try {
                [void] (New-NetFirewallRule -Name $rule -DisplayName $rule -Direction Outbound -Action Block -RemoteAddress '192.0.2.1')
                [void] (Test-Pass $pair.Client $pair.Server ([byte[]] (1..100)))
            } finally {
                & $remove
                [void] $Undo.Pop()
            }
            [void] (Test-Pass $pair.Server $pair.Client ([byte[]] (1..100)))
        }
    } finally {
        Close-Pair $pair 'fin'
    }
    if (-not $trace.IsDecoded) { return Skip 'no weir.exe to decode the trace: name it with -Weir' }
    $errors = @(Select-Event $trace 'Error' | Where-Object { $_.fields.api -eq $ApiAssociate })
    Judge ($errors.Count -eq 0) "$($errors.Count) Error events associate while a rule came and went"
}
Entry 'N09' 'what a callout finds on entry' 'the kernel debugger: countBytesEnforced, rights, actionType; a Windows container' {
    Test-Trace {
        param($trace)
        $ports = @{}
        $MainTraffic.Pairs | ForEach-Object { $ports[[string] $_.Client] = $_.Server }
        $wrong = 0; $seen = 0
        foreach ($flow in Select-Event $trace 'FlowEstablished') {
            $fields = $flow.fields
            $isClient = $ports[[string] $fields.local_port] -eq $fields.remote_port
            $isServer = $ports[[string] $fields.remote_port] -eq $fields.local_port
            if ($isClient -or $isServer) {
                $seen++
                # Inbound is 0: the other side opened the connection.
                $direction = if ($isClient) { 1 } else { 0 }
                if ($fields.process_id -ne $PID -or $fields.direction -ne $direction) { $wrong++ }
            }
        }
        Judge ($seen -gt 0 -and $wrong -eq 0) "$seen flows, process or direction wrong in $wrong"
    }
}
Entry 'N37' 'a block at flow established' 'FailurePolicy = closed, MaxFlows = 1, 10,000 connections that stay open and then send' $null
Entry 'N38' 'filters whose callout is not registered' 'a breakpoint on FwpsCalloutUnregisterById0 with the filters left in place' {
    Use-Driver "stop and start it $Rounds times between connections" {
        $failed = @()
        for ($round = 0; $round -lt $Rounds; $round++) {
            [void] (Switch-Driver 'stop')
            $failed += (Invoke-Traffic 3).Failed
            [void] (Switch-Driver 'start')
            $failed += (Invoke-Traffic 3).Failed
        }
        Judge ($failed.Count -eq 0) "$($Rounds * 6) connections, $($failed.Count) failed $($failed | Select-Object -First 1)"
    }
}
Entry 'N39' 'connections from before the start' 'the same with block_all attached after the start' {
    Use-Driver 'stop it, connect, and start it again' {
        if ((Switch-Driver 'stop') -lt 0) { return Fail 'the stop did not come within 120 s' }
        $pair = New-Pair ([System.Net.IPAddress]::Loopback)
        try {
            $data = [byte[]] (1..200)
            $before = Test-Pass $pair.Client $pair.Server $data
            $trace = Use-Trace {
                [void] (Switch-Driver 'start')
                $script:After = (Test-Pass $pair.Client $pair.Server $data) -and (Test-Pass $pair.Server $pair.Client $data)
            }
        } finally {
            Close-Pair $pair 'fin'
        }
        $shown = @($trace.Events | Where-Object {
                ($_.event -eq 'FlowEstablished' -or $_.event -eq 'Verdict') -and
                ($_.fields.local_port -eq $pair.ClientPort -or $_.fields.remote_port -eq $pair.ClientPort)
            })
        Judge ($before -and $script:After -and $shown.Count -eq 0) "data whole before: $before, after: $script:After; $($shown.Count) events name it"
    }
}
Entry 'N10' 'sends that are absorbed, and the end after them' 'block_all, 10 MB by blocking and overlapped sends, the wire' $null
Entry 'N11' 'the receive window of a blocked flow' 'a peer that sends 1 GB to a blocked connection, the wire' $null
Entry 'N12' 'an abort' 'BlockAction = abort, 1,000 connections each way, the wire' $null
Entry 'N13' 'indications without data' 'ends by timeout, and with data in the last packet' {
    Test-Trace {
        param($trace)
        $unreadable = @(Select-Event $trace 'Verdict' | Where-Object { $_.fields.reason -eq $ReasonUnreadable })
        $failed = $MainTraffic.Failed
        Judge ($unreadable.Count -eq 0 -and $failed.Count -eq 0) "$($unreadable.Count) unreadable, $($failed.Count) connections failed $($failed | Select-Object -First 1)"
    }
}
Entry 'N14' 'how large an indication is' 'one WSASend of 1 GB, and of 65,536 buffers; a breakpoint that counts' $null
Entry 'N15' 'data that is copied' '200 KB from 1,000 buffers with a pattern, and a program that blocks where it is broken' $null
Entry 'N16' 'offloads' 'iperf3 at 10 Gbit/s: stopped, started, inspected' {
    if ((Get-DriverState) -ne 'running') { return Skip "the service $ServiceName does not run" }
    $adapters = @(Get-NetAdapterRsc -ErrorAction SilentlyContinue)
    if ($adapters.Count -eq 0) { return Skip 'no adapter has RSC' }
    $refused = @($adapters | Where-Object { "$($_.IPv4FailureReason) $($_.IPv6FailureReason)" -match 'WFP' })
    Judge ($refused.Count -eq 0) "$($adapters.Count) adapters with RSC, the filtering engine keeps it from $($refused.Count)"
}
Entry 'N17' "other vendors' callouts" 'one product each that filters the stream, redirects, and blocks packets; stmedit above and below' {
    $state = Get-WfpText 'state'
    $count = ([regex]::Matches($state, '<calloutKey>')).Count
    ByHand "the filtering engine names $count callouts: $(Join-Path $Output 'wfp-state.xml')"
}
Entry 'N18' 'loopback' 'ctsTraffic that answers inside its callback; SIO_LOOPBACK_FAST_PATH; the stack in the debugger' {
    Test-Trace {
        param($trace)
        $pairs = @{}
        $MainTraffic.Pairs | ForEach-Object { $pairs["$($_.Client)-$($_.Server)"] = 0; $pairs["$($_.Server)-$($_.Client)"] = 0 }
        foreach ($flow in Select-Event $trace 'FlowEstablished') {
            $key = "$($flow.fields.local_port)-$($flow.fields.remote_port)"
            if ($pairs.ContainsKey($key) -and $flow.fields.loopback) { $pairs[$key] += 1 }
        }
        $other = @($pairs.Values | Where-Object { $_ -ne 1 })
        Judge ($other.Count -eq 0) "$($pairs.Count) ends of connections, $($other.Count) not told once as loopback"
    }
}
Entry 'N19' 'numbers that are not in documentation' 'docs/windows-build.md, on a machine with the Windows Driver Kit' $null
Entry 'N20' 'imports' 'dumpbin /imports and /exports on every supported version' {
    switch (Get-DriverState) {
        'running' { Pass "the kernel of $([Environment]::OSVersion.Version) exports every import" }
        'absent' { Skip "there is no service $ServiceName" }
        default {
            if ((Get-Driver).ExitCode -eq 127) { Fail 'an import was not found (127)' }
            else { Skip "the service $ServiceName does not run" }
        }
    }
}
Entry 'N21' 'the core of eBPF for Windows' 'every program of driver/programs: verify, load, attach, test run, detach; sc stop ebpfcore' $null
Entry 'N41' 'what loaders read in the registry' 'programs loaded by their section alone; unregister' {
    $path = "HKLM:\$StorePath\SectionData\$SectionName"
    if (-not (Test-Path -LiteralPath $path)) { return Skip 'not registered: weir driver register' }
    $values = Get-ItemProperty -LiteralPath $path
    $named = { param($bytes) (New-Object System.Guid (, [byte[]] $bytes)).ToString('B') }
    $right = ((& $named $values.ProgramType) -eq $ProgramType) -and
        ((& $named $values.AttachType) -eq $AttachType) -and
        ($values.BpfProgType -eq $BpfProgramType) -and ($values.BpfAttachType -eq $BpfAttachType)
    $type = Test-Path -LiteralPath "HKLM:\$StorePath\ProgramData\$ProgramType"
    Judge ($right -and $type) "section as the driver has it: $right; program type there: $type"
}
Entry 'N42' 'the service manager' 'weir driver install, status, remove: clean, over an older version, with a handle held' {
    $driver = Get-Driver
    if ($null -eq $driver) { return Skip "there is no service $ServiceName" }
    $right = ($driver.StartMode -eq 'Manual') -and ($driver.ServiceType -eq 'Kernel Driver')
    if ($right) { ByHand 'the service is a kernel driver on demand' } else { Fail 'the service is no kernel driver on demand' }
}
Entry 'N22' 'several processors at once' '24 hours with 8 processors: traffic, attach and detach, BFE, sc stop' $null
Entry 'N23' 'a lock on the stack to raise the level' 'verifier /flags 0x20 for weir.sys, an hour of traffic, !deadlock' {
    $said = Invoke-Tool 'verifier.exe' @('/querysettings')
    ByHand "Driver Verifier checks weir.sys now: $($said.Text -match 'weir\.sys')"
}
Entry 'N24' 'work that is asked for again' 'Driver Verifier, capture states without a pause, attach and detach, sc stop, 10,000 times' $null
Entry 'N25' 'work that takes long' '64 programs on a million flows, detached at once; !exqueue' $null
Entry 'N26' 'stack' '64 programs, tail calls, a VPN, loopback, a file server; no Error stack' $null
Entry 'N27' 'time at DISPATCH_LEVEL' '64 programs at line rate, Windows Performance Recorder: no DPC above 10 ms' $null
Entry 'N40' 'what a stop leaves behind' 'a hundred times under load' {
    Use-Driver "stop and start it $Rounds times" {
        $left = @()
        for ($round = 0; $round -lt $Rounds -and $left.Count -eq 0; $round++) {
            [void] (Invoke-Traffic 3)
            if ((Switch-Driver 'stop') -lt 0) { return Fail 'the stop did not come within 120 s' }
            $left = @(Find-Objects)
            if ((Switch-Driver 'start') -lt 0) { return Fail 'the start did not come within 120 s' }
        }
        Judge ($left.Count -eq 0) "$Rounds stops; left behind: $(if ($left.Count) { $left -join ' ' } else { 'nothing' })"
    }
}
Entry 'N28' 'pauses' '10,000 and 100,000 flows; capture_begin to capture_end' {
    Use-Driver "stop it with $Connections connections open" {
        $pairs = New-Object System.Collections.ArrayList
        try {
            for ($made = 0; $made -lt $Connections; $made++) { [void] $pairs.Add((New-Pair ([System.Net.IPAddress]::Loopback))) }
            $took = Switch-Driver 'stop'
        } finally {
            $pairs | ForEach-Object { Close-Pair $_ 'rst' }
        }
        Judge ($took -ge 0) "the stop took $took ms with $Connections connections open"
    }
}
Entry 'N29' 'processors that are added' 'a virtual machine that gets processors while it runs; more than 64 of them' $null
Entry 'N30' 'arm64' 'N22 on 8 cores or more of different speeds; all entries again' {
    if ($env:PROCESSOR_ARCHITECTURE -ne 'ARM64') { return Skip "this machine is $env:PROCESSOR_ARCHITECTURE" }
    ByHand "the service is $(Get-DriverState)"
}
Entry 'N31' 'sleep and resume' 'modern standby, S3 and hibernation, ten times each, with connections' {
    if (-not $AllowSleep) { return Skip 'ask for it with -AllowSleep' }
    if ((Get-DriverState) -ne 'running') { return Skip "the service $ServiceName does not run" }
    if (-not $Cmdlet.ShouldProcess('this machine', 'sleep for two minutes')) { return Skip 'declined' }
    $task = 'weir-lab-wake'
    $remove = { Unregister-ScheduledTask -TaskName $task -Confirm:$false -ErrorAction SilentlyContinue }.GetNewClosure()
    $Undo.Push($remove)
    try {
        $action = New-ScheduledTaskAction -Execute 'cmd.exe' -Argument '/c exit'
        $trigger = New-ScheduledTaskTrigger -Once -At (Get-Date).AddMinutes(2)
        $settings = New-ScheduledTaskSettingsSet -WakeToRun
        [void] (Register-ScheduledTask -TaskName $task -Action $action -Trigger $trigger -Settings $settings)
        Add-Type -AssemblyName System.Windows.Forms
        $trace = Use-Trace {
            [void] [System.Windows.Forms.Application]::SetSuspendState('Suspend', $false, $false)
            Start-Sleep -Seconds 10
        }
    } finally {
        & $remove
        [void] $Undo.Pop()
    }
    if (-not $trace.IsDecoded) { return Skip 'no weir.exe to decode the trace: name it with -Weir' }
    $numbers = @(Select-Event $trace 'Counters' | ForEach-Object { [int] $_.fields.number } | Sort-Object -Unique)
    Judge ($numbers.Count -ge 5) "$($numbers.Count) tellings of Counters around the sleep, 5 or more expected"
}
Entry 'N32' 'memory integrity' 'an hour of traffic; verifier /flags 0x02000000; the CodeIntegrity log' {
    $guard = Get-CimInstance -Namespace 'root\Microsoft\Windows\DeviceGuard' -ClassName Win32_DeviceGuard -ErrorAction SilentlyContinue
    # 2: hypervisor-enforced code integrity.
    $isOn = ($null -ne $guard) -and (@($guard.SecurityServicesRunning) -contains 2)
    if (-not $isOn) { return Skip 'memory integrity does not run here' }
    if ((Get-DriverState) -eq 'running') { Pass 'the driver runs with memory integrity on' }
    else { Skip "memory integrity runs, the service $ServiceName does not" }
}
Entry 'N33' 'signature and INF' 'infverif, pnputil and the steps of docs/windows-driver.md on each version' {
    $key = "HKLM:\SYSTEM\CurrentControlSet\Services\$ServiceName"
    if (-not (Test-Path -LiteralPath $key)) { return Skip "there is no service $ServiceName" }
    $path = [string] (Get-ItemProperty -LiteralPath $key).ImagePath
    $path = $path -replace '^\\\?\?\\', '' -replace '^\\SystemRoot', $env:SystemRoot -replace '^System32', "$env:SystemRoot\System32"
    if (-not (Test-Path -LiteralPath $path)) { return Fail "there is no image $path" }
    $signature = Get-AuthenticodeSignature -LiteralPath $path
    $signer = if ($null -ne $signature.SignerCertificate) { $signature.SignerCertificate.Subject } else { 'nobody' }
    Judge ($signature.Status -eq 'Valid') "${path}: $($signature.Status), signed by $signer"
}
Entry 'N34' 'what events cost, their order and their size' 'iperf3 with no session, one, four; buffers of 4 KB; tracerpt and Windows Performance Analyzer' {
    Test-Trace {
        param($trace)
        $last = @{}; $back = 0; $gaps = 0
        foreach ($item in $trace.Events) {
            if ($item.fields.PSObject.Properties.Name -notcontains 'sequence') { continue }
            $key = "$($item.id) $($item.fields.cpu) $($item.fields.epoch)"
            $number = [int64] $item.fields.sequence
            if ($last.ContainsKey($key)) {
                if ($number -le $last[$key]) { $back++ }
                elseif ($number -ne $last[$key] + 1) { $gaps++ }
            }
            $last[$key] = $number
        }
        # Gaps are losses, which the session counts too.
        Judge ($back -eq 0 -and ($gaps -eq 0 -or $trace.Lost -ne 0)) "$($trace.Events.Count) events, $back steps back, $gaps gaps, $($trace.Lost) lost by the session"
    }
}
Entry 'N35' 'who may listen, and who may lie' 'logman and EventRegister as plain user, performance log user, administrator' {
    $key = 'HKLM:\SYSTEM\CurrentControlSet\Control\WMI\Security'
    $names = (Get-Item -LiteralPath $key -ErrorAction SilentlyContinue).Property
    ByHand "a security descriptor of its own is set for the provider: $(@($names) -contains $ProviderId.Trim('{}'))"
}
Entry 'N36' 'who may change the filters' 'FwpmFilterDeleteByKey0 as plain user and as administrator; a bug check, then the state' {
    if ((Get-DriverState) -ne 'running') { return Skip "the service $ServiceName does not run" }
    $objects = @(Find-Objects).Count
    if ($objects -eq 10) { ByHand 'all 10 objects are there' } else { Fail "$objects of 10 objects are there" }
}
Entry 'N43' 'the order and the delay of real-time events' 'iperf3 and ctsTraffic for an hour, idle and busy, on 1, 8 and more than 64 processors' {
    Use-Collector {
        [void] (Start-Collector @('--events.invocation'))
        [void] (Invoke-Traffic $Connections)
        Start-Sleep -Seconds 5
        $text = Get-Metrics
        $came = Measure-Metric $text 'weir_etw_events_received_total'
        $wrong = (Measure-Metric $text 'weir_etw_unaccounted') + (Measure-Metric $text 'weir_etw_events_lost_total')
        $all = Measure-Metric $text 'weir_etw_source_lag_seconds_count'
        # 600 ms of waiting are in it.
        $prompt = Measure-Metric $text 'weir_etw_source_lag_seconds_bucket' 'le="2.0"'
        Judge ($came -gt 0 -and $wrong -eq 0 -and $prompt -eq $all) "$came events, $wrong lost or unaccounted for; $prompt of $all aggregated within 2 s"
    }
}
Entry 'N44' 'sessions that are independent' 'iperf3 meanwhile; once more with the mode left out of the program' {
    Use-Collector {
        [void] (Start-Collector @())
        # Two buffers of 4 KB that nobody reads: full at once.
        $start = Invoke-Tool 'logman.exe' @('start', $Session, '-p', $ProviderId, '0xffffffffffffffff', '5',
            '-rt', '-bs', '4', '-nb', '2', '2', '-ets')
        if ($start.Code -ne 0) { throw "logman start: $($start.Text)" }
        $stop = { [void] (Invoke-Tool 'logman.exe' @('stop', $Session, '-ets')) }
        $Undo.Push($stop)
        $lost = -1
        try {
            [void] (Invoke-Traffic $Connections)
            Start-Sleep -Seconds 5
            $query = Invoke-Tool 'logman.exe' @('query', $Session, '-ets')
            if ($query.Text -match 'Events Lost:\s*(\d+)') { $lost = [int] $Matches[1] }
        } finally {
            & $stop
            [void] $Undo.Pop()
        }
        $here = Measure-Metric (Get-Metrics) 'weir_etw_events_lost_total'
        if ($here -ne 0) { return Fail "$here events lost here, $lost by the other session" }
        if ($lost -le 0) { return ByHand "the other session tells of no losses ($lost), so this shows nothing" }
        Pass "no event lost here, $lost by the other session"
    }
}
Entry 'N45' 'secure sessions and a kernel writer' 'EventAccessControl for SYSTEM alone; a program that registers the provider and writes a Verdict' {
    Use-Collector {
        [void] (Start-Collector @('--secure-session'))
        [void] (Invoke-Traffic 10)
        Start-Sleep -Seconds 5
        ByHand "$(Measure-Metric (Get-Metrics) 'weir_etw_events_received_total') events came through a secure session"
    }
}
Entry 'N46' 'the mark that a session is read' 'pairs of administrator, performance log user, LocalService and a container' {
    Use-Collector {
        $first = Start-Collector @()
        $second = Start-Process -FilePath (Find-Weir) -ArgumentList @('run', '--web.listen-address', '127.0.0.1:0') -PassThru -WindowStyle Minimized
        [void] $second.Handle
        [void] $Collectors.Add($second)
        if (-not $second.WaitForExit(30000)) { return Fail 'two collectors run at once' }
        $isLeftAlone = -not $first.HasExited
        Stop-Collector $first
        $third = Start-Collector @()
        Judge ($second.ExitCode -eq 14 -and $isLeftAlone -and -not $third.HasExited) "the second ended with $($second.ExitCode), the first ran on: $isLeftAlone; after a kill another starts: $(-not $third.HasExited)"
    }
}
Entry 'N47' 'what comes after the stop' 'ctsTraffic, 100 times, the last page against weir replay of a file recorded beside it' {
    Use-Collector {
        $codes = @(); $left = @(); $longest = 0
        for ($round = 0; $round -lt $Rounds; $round++) {
            $watch = [System.Diagnostics.Stopwatch]::StartNew()
            $one = Start-Collector @('--duration', '5s')
            while (-not $one.HasExited -and $watch.Elapsed.TotalSeconds -lt 40) { [void] (Invoke-Traffic 3) }
            if (-not $one.HasExited) { return Fail 'it had not ended 40 s after its start' }
            $longest = [Math]::Max($longest, [int] ($one.ExitTime - $one.StartTime).TotalMilliseconds)
            $codes += $one.ExitCode
            $left += @(Find-Session)
        }
        $bad = @($codes | Where-Object { $_ -ne 0 })
        Judge ($bad.Count -eq 0 -and $left.Count -eq 0) "$Rounds ends after 5 s each, the longest run $longest ms, $($bad.Count) not with 0; sessions left: $($left.Count)"
    }
}
Entry 'N48' 'a session that outlives its reader' '100 times, as another account too, totals against the driver within two seconds' {
    Use-Collector {
        Stop-Collector (Start-Collector @())
        [void] (Invoke-Traffic 10)
        $left = @(Find-Session)
        $again = Start-Collector @()
        Start-Sleep -Seconds 5
        $text = Get-Metrics
        $wrong = Measure-Metric $text 'weir_etw_unaccounted'
        $up = Measure-Metric $text 'weir_etw_session_up' 'weir-control'
        Judge ($left.Count -gt 0 -and -not $again.HasExited -and $up -eq 1 -and $wrong -eq 0) "left by a kill: $($left -join ' '); replaced: $($up -eq 1); unaccounted for: $wrong"
    }
}
Entry 'N49' 'what bpftool prints' 'no, one and three programs, one of them twice, and one of another vendor; weir_program_info against it' {
    $tool = Join-Path $env:ProgramFiles 'ebpf-for-windows\bpftool.exe'
    if (-not (Test-Path -LiteralPath $tool)) { return Skip "there is no $tool" }
    $counts = @()
    foreach ($what in 'link', 'prog') {
        $said = Invoke-Tool $tool @('-j', $what, 'list')
        [System.IO.File]::WriteAllText((Join-Path $Output "bpftool-$what.json"), $said.Text)
        if ($said.Code -ne 0) { return Fail "bpftool -j $what list: $($said.Text)" }
        # A list of one is an object where PowerShell takes it apart.
        $rows = ConvertFrom-Json $said.Text
        $counts += "$(@($rows | Where-Object { $null -ne $_ }).Count) of $what"
    }
    ByHand "JSON, $($counts -join ', '): $(Join-Path $Output 'bpftool-link.json')"
}
Entry 'N50' 'Performance Log Users' 'weir run as a plain account of the group, as LocalService, after a kill of another account' {
    # By its number: the name is another in each language.
    $members = @(Get-LocalGroupMember -SID 'S-1-5-32-559' -ErrorAction SilentlyContinue)
    ByHand "the group has $($members.Count) members here"
}
Entry 'N51' 'closed windows, log-off and shutdown' 'Windows Terminal, log-off, shutdown /r, with an OTLP receiver' {
    Use-Collector {
        $one = Start-Collector @()
        # False in Windows Terminal, whose window is not the process's.
        if (-not $one.CloseMainWindow()) { return ByHand 'its window could not be closed from here' }
        $hasEnded = $one.WaitForExit(10000)
        $left = @(Find-Session)
        Judge ($hasEnded -and $left.Count -eq 0) "ended within 10 s of its window's end: $hasEnded; sessions left: $($left.Count)"
    }
}
Entry 'N52' 'what a look at the filtering engine sees' 'FwpmFilterDeleteByKey0 of one filter, sc stop and start, callouts of others against netsh wfp show filters' {
    Use-Collector {
        [void] (Start-Collector @())
        # The first look begins with the collector.
        Start-Sleep -Seconds 5
        $text = Get-Metrics
        $present = Measure-Metric $text 'weir_wfp_object_present'
        $failed = Measure-Metric $text 'weir_wfp_survey_failures_total'
        $others = Measure-Metric $text 'weir_wfp_foreign_callouts'
        $named = @(Find-Objects).Count
        Judge ($present -eq 10 -and $failed -eq 0) "$present of 10 objects are present to weir, $named to netsh; looks failed: $failed; callouts of others: $others"
    }
}
Entry 'N53' 'who may look at the filtering engine' 'weir run as members of Performance Log Users, of both groups, as LocalService and as a service account' {
    # By its number: the name is another in each language.
    $members = @(Get-LocalGroupMember -SID 'S-1-5-32-556' -ErrorAction SilentlyContinue)
    ByHand "Network Configuration Operators has $($members.Count) members here"
}
Entry 'N54' 'a filtering engine that is down, hangs or is closed' 'net stop bfe for five minutes, its process suspended, a stop each hour for a day' $null
Entry 'N55' 'what tools print' 'weir doctor --collect in English, German and Japanese, elevated and not, against the same by hand' {
    if (-not $Weir) { return Skip 'no weir.exe' }
    $bundle = Join-Path $Output 'doctor.zip'
    if (Test-Path $bundle) { Remove-Item $bundle }
    $report = & $Weir doctor --collect $bundle --json | Out-String | ConvertFrom-Json
    $unread = @($report.source.unread)
    $names = ($unread | ForEach-Object { "$($_.path): $($_.why)" }) -join '; '
    if ($unread.Count -gt 0) { return Fail "not read: $names" }
    Pass "$(@($report.source.files).Count) files read, verdict $($report.verdict)"
}
Entry 'N56' 'what a healthy host says' 'each service stopped, each object deleted, each program detached, against the id that should fail; with a product that redirects' {
    if (-not $Weir) { return Skip 'no weir.exe' }
    $report = & $Weir doctor --json | Out-String | ConvertFrom-Json
    $bad = @($report.checks | Where-Object { $_.verdict -eq 'fail' } | ForEach-Object { $_.id })
    ByHand "fails here: $($bad -join ', ')"
}
Entry 'N57' 'a look every 15 minutes' 'weir run for a day with and without --doctor.interval 0s: looks, handles, processor time' $null

# ---- Run ----

function Assert-Machine {
    # `$IsWindows` came with version 6; 5.1 runs on Windows only.
    if ($PSVersionTable.PSVersion.Major -ge 6 -and -not $IsWindows) { throw 'lab.ps1 needs Windows' }
    $who = New-Object System.Security.Principal.WindowsPrincipal ([System.Security.Principal.WindowsIdentity]::GetCurrent())
    if (-not $who.IsInRole([System.Security.Principal.WindowsBuiltInRole]::Administrator)) {
        throw 'lab.ps1 needs an elevated prompt'
    }
    $known = @($Entries | ForEach-Object { $_.Id })
    $unknown = @($Only | Where-Object { $known -notcontains $_ })
    if ($unknown.Count -gt 0) { throw "no such entry: $($unknown -join ', ')" }
}
function Invoke-Entry($Item) {
    if ($null -eq $Item.Run) { return ByHand $Item.ByHand }
    try {
        $answer = @(& $Item.Run)[-1]
        if ($answer.Result -ne 'fail') { $answer.Detail += "; by hand: $($Item.ByHand)" }
        $answer
    } catch {
        Fail "the test itself failed: $($_.Exception.Message)"
    }
}

# `powershell -File` hands over `N01,N18` as one word.
$Only = @($Only | ForEach-Object { $_ -split ',' } | Where-Object { $_ -ne '' })
Assert-Machine
if (-not (Test-Path -LiteralPath $Output)) { [void] (New-Item -ItemType Directory -Path $Output -WhatIf:$false -Confirm:$false) }
try {
    foreach ($item in $Entries) {
        if ($Only.Count -gt 0 -and $Only -notcontains $item.Id) { continue }
        Write-Progress -Activity 'lab' -Status "$($item.Id) $($item.What)"
        $answer = Invoke-Entry $item
        [void] $Results.Add([pscustomobject] [ordered] @{
                id = $item.Id; what = $item.What; result = $answer.Result; detail = $answer.Detail
            })
    }
} finally {
    # After Ctrl-C too: what a test did not get to put back.
    while ($Undo.Count -gt 0) {
        $back = $Undo.Pop()
        try { [void] (& $back) } catch { Write-Warning $_.Exception.Message }
    }
    $file = Join-Path $Output 'lab.json'
    $json = ConvertTo-Json -InputObject @($Results) -Depth 3
    [System.IO.File]::WriteAllText($file, $json, (New-Object System.Text.UTF8Encoding $false))
    $Results | Format-Table -Property @('id', 'result', 'what', 'detail') -Wrap | Out-String -Width 160 | Write-Output
    Write-Output "$(@($Results | Where-Object { $_.result -eq 'fail' }).Count) failed; written to $file"
}
if (@($Results | Where-Object { $_.result -eq 'fail' }).Count -gt 0) { exit 1 }
