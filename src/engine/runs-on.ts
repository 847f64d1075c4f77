/** Whether a job's labels mean this machine, and why not. */
export type Placement = { readonly here: true } | { readonly here: false; readonly reason: string };

/** Labels that this machine has: any with `ubuntu` or `linux`, `self-hosted`, its processor, and those of the setting. */
export function placeJob(
  runsOn: { readonly labels: readonly string[]; readonly group?: string },
  machine: { readonly arch: 'X64' | 'ARM64'; readonly labels: readonly string[] },
): Placement {
  const own = new Set(machine.labels.map((label) => label.toLowerCase()));
  for (const label of runsOn.labels) {
    const name = label.toLowerCase();
    if (own.has(name) || name === 'self-hosted' || name === machine.arch.toLowerCase()) continue;
    if (name === 'x64' || name === 'arm64' || name === 'arm') {
      return { here: false, reason: `runs-on: ${label}: this machine is ${machine.arch}` };
    }
    const system = ['windows', 'macos', 'mac'].find((prefix) => name.startsWith(prefix));
    if (system !== undefined) return { here: false, reason: `runs-on: ${label}: this machine runs Linux` };
    if (!name.includes('ubuntu') && !name.includes('linux')) {
      return { here: false, reason: `runs-on: ${label}: this machine does not have the label; a setting can add it` };
    }
    if (/(?:^|[-_])(?:arm|arm64|aarch64)$/.test(name) && machine.arch !== 'ARM64') {
      return { here: false, reason: `runs-on: ${label}: this machine is ${machine.arch}` };
    }
  }
  return { here: true };
}
