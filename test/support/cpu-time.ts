/** Processor time that this thread has used, milliseconds: what else the machine does is not in it. */
export function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
