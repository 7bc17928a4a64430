import type { ConnectorClass } from '../../../protocol/connect/connectors.js';
import type { RawConfig } from '../../../protocol/connect/option.js';
import type { SinkTask, SinkTaskContext } from './sink-task.js';
import type { SourceTask, SourceTaskContext } from './source-task.js';

/** One problem with one option; several options can share one. */
export interface OptionProblem {
  readonly option: string;
  readonly message: string;
}

interface ConnectorPluginBase extends ConnectorClass {
  readonly meaning: string;
  readonly version: string;
  /** What can only be found out by asking others, as whether the database answers. After all options are well formed. */
  validate(config: RawConfig): Promise<readonly OptionProblem[]>;
}

export interface SourceConnectorPlugin extends ConnectorPluginBase {
  readonly kind: 'source';
  createTask(config: RawConfig, context: SourceTaskContext): SourceTask;
}

export interface SinkConnectorPlugin extends ConnectorPluginBase {
  readonly kind: 'sink';
  readonly taskClass: string;
  createTask(config: RawConfig, context: SinkTaskContext): SinkTask;
}

export type ConnectorPlugin = SourceConnectorPlugin | SinkConnectorPlugin;
