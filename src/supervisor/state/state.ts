import { join } from 'node:path';
import { readJson, writeJson } from '../../support/json-file.js';
import type { ProcessIdentity } from '../children/process-identity.js';

/** What is in `.evpipe/<pipeline>/` beside logs, data and built services; all small, each with a version. */
export interface SupervisorFile {
  readonly version: 1;
  readonly supervisor: ProcessIdentity;
  readonly socket: string;
  /** Made for the socket alone, where the state folder's path is too long for one. */
  readonly socketFolder?: string;
}

/** Every process that may be alive because of this pipeline. */
export interface ProcessesFile {
  readonly version: 1;
  readonly processes: ReadonlyArray<ProcessIdentity & { readonly stopSignal: NodeJS.Signals }>;
}

/** The port each process had last. */
export interface PortsFile {
  readonly version: 1;
  readonly ports: Readonly<Record<string, number>>;
}

const SUPERVISOR = 'supervisor.json';
const PROCESSES = 'processes.json';
const PORTS = 'ports.json';

export const stateFile = {
  lock: (folder: string) => join(folder, 'supervisor.lock'),
  supervisor: (folder: string) => join(folder, SUPERVISOR),
  processes: (folder: string) => join(folder, PROCESSES),
  logs: (folder: string) => join(folder, 'logs'),
  log: (folder: string, process: string) => join(folder, 'logs', `${process}.log`),
};

export const readSupervisorFile = (folder: string) => readJson<SupervisorFile>(join(folder, SUPERVISOR), 1);
export const writeSupervisorFile = (folder: string, file: SupervisorFile) => writeJson(join(folder, SUPERVISOR), file);
export const readProcessesFile = (folder: string) => readJson<ProcessesFile>(join(folder, PROCESSES), 1);
export const writeProcessesFile = (folder: string, file: ProcessesFile) => writeJson(join(folder, PROCESSES), file);
export const readPortsFile = (folder: string) => readJson<PortsFile>(join(folder, PORTS), 1);
export const writePortsFile = (folder: string, file: PortsFile) => writeJson(join(folder, PORTS), file);
