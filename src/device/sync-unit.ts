/** The systemd timer that sends checkpoints, and the service that it starts: a process of a second. */
import { quote } from "./unit.ts";

export interface SyncUnitFacts {
  /** Name of the daemon's service, whose user and folder it shares: `rivulet-pump`. */
  service: string;
  /** Absolute paths of Node, the command line and the config. */
  node: string;
  cli: string;
  config: string;
  /** Absolute path of the secret; null: a program prints the key. */
  secretFile: string | null;
  everyMs: number;
  /** Line about home folders, as in the daemon's unit. */
  home: string;
}

/** A service's user can have this name; systemd makes up another one where it cannot, and then two services differ. */
export const canBeUser = (service: string): boolean => /^[A-Za-z_][A-Za-z0-9_-]{0,30}$/.test(service);

const seconds = (milliseconds: number) => `${Math.max(1, Math.round(milliseconds / 1000))}s`;
/** Part of the interval by which runs are spread, so that a fleet does not come at once. */
const jitter = 0.1;

/** Returns the text of the timer. */
export function syncTimerText({ service, everyMs }: SyncUnitFacts): string {
  return `# Written by "rivulet install". To change settings, use "systemctl edit", which keeps them in a separate file.

[Unit]
Description=Sends the checkpoints of ${service} to their host from time to time

[Timer]
OnBootSec=2min
OnUnitActiveSec=${seconds(everyMs)}
RandomizedDelaySec=${seconds(everyMs * jitter)}

[Install]
WantedBy=timers.target
`;
}

/** Returns the text of the service. */
export function syncServiceText({ service, node, cli, config, secretFile, home }: SyncUnitFacts): string {
  const words = [node, "--max-semi-space-size=1", "--no-maglev", cli, "sync", config].map(quote).join(" ");
  const secret =
    secretFile === null
      ? []
      : [
          "# systemd reads the secret and hands it over, so its file stays root's.",
          `LoadCredential=${secretFile.slice(secretFile.lastIndexOf("/") + 1)}:${secretFile}`,
        ];
  return `# Written by "rivulet install". To change settings, use "systemctl edit", which keeps them in a separate file.

[Unit]
Description=Sends the checkpoints of ${service} to their host
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart=${words}
# The host is away: the next run comes.
SuccessExitStatus=1
TimeoutStartSec=65min

# The user and the folder of the daemon.
DynamicUser=yes
User=${service}
StateDirectory=${service}
StateDirectoryMode=0700
WorkingDirectory=%S/${service}
UMask=0077
${secret.map((line) => `${line}\n`).join("")}
MemoryMax=256M
TasksMax=32
LimitCORE=0
Nice=10

PrivateDevices=yes
ProtectSystem=strict
${home}
PrivateTmp=yes
PrivateMounts=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
LockPersonality=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RemoveIPC=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=@system-service @pkey
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
`;
}
