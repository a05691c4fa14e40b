// The machine that something is measured on.
import { cpus, loadavg, totalmem } from 'node:os';

/** This machine; its load shows whether anything else was running. */
export function machine() {
  const [first, ...others] = cpus();
  return {
    processor: first?.model.trim() ?? 'unknown',
    cores: others.length + 1,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${process.arch}`,
    loadBefore: loadavg().map((load) => Number(load.toFixed(2))),
  };
}
