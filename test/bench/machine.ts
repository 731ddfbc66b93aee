import { availableParallelism, cpus, release, totalmem, type } from 'node:os';

/** `Linux 6.1, 2 × CPU model, 8 GB, Node 20.20.2`. */
export function describeMachine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const memory = `${Math.round(totalmem() / 2 ** 30)} GB`;
  const kernel = release().split('.').slice(0, 2).join('.');
  return `${type()} ${kernel}, ${availableParallelism()} × ${model}, ${memory}, Node ${process.versions.node}`;
}
