import type { CommandEntry } from './command.js';
import { applyCommand } from './commands/apply.js';
import { completeCommand, completionCommand } from './commands/completion.js';
import { composeCommand } from './commands/compose.js';
import { connectorsCommand } from './commands/connectors.js';
import { deadLettersCommand } from './commands/dead-letters.js';
import { doctorCommand } from './commands/doctor.js';
import { downCommand } from './commands/down.js';
import { envCommand } from './commands/env.js';
import { execCommand } from './commands/exec.js';
import { graphCommand } from './commands/graph.js';
import { groupsCommand } from './commands/groups.js';
import { importCommand } from './commands/import.js';
import { initCommand } from './commands/init.js';
import { kafkaCommand } from './commands/kafka.js';
import { ksqlCommand } from './commands/ksql.js';
import { logsCommand } from './commands/logs.js';
import { planCommand } from './commands/plan.js';
import { produceCommand } from './commands/produce.js';
import { psqlCommand } from './commands/psql.js';
import { reportCommand } from './commands/report.js';
import { resetCommand } from './commands/reset.js';
import { schemaCommand } from './commands/schema.js';
import { schemasCommand } from './commands/schemas.js';
import { smokeCommand } from './commands/smoke.js';
import { restartCommand, startCommand, stopCommand } from './commands/start-stop.js';
import { statusCommand } from './commands/status.js';
import { tailCommand } from './commands/tail.js';
import { testKsqlCommand } from './commands/test-ksql.js';
import { topCommand } from './commands/top.js';
import { topicsCommand } from './commands/topics.js';
import { traceCommand } from './commands/trace.js';
import { initKsqldbCommand, initServicesCommand, seedCommand, upCommand } from './commands/up.js';
import { validateCommand } from './commands/validate.js';
import { verifyConsistencyCommand } from './commands/verify-consistency.js';

/** Every command, in the order of --help. */
export const COMMANDS: readonly CommandEntry[] = [
  initCommand,
  upCommand,
  planCommand,
  applyCommand,
  resetCommand,
  initServicesCommand,
  initKsqldbCommand,
  seedCommand,
  verifyConsistencyCommand,
  smokeCommand,
  reportCommand,
  tailCommand,
  produceCommand,
  traceCommand,
  topicsCommand,
  groupsCommand,
  schemasCommand,
  deadLettersCommand,
  statusCommand,
  topCommand,
  logsCommand,
  envCommand,
  execCommand,
  psqlCommand,
  ksqlCommand,
  testKsqlCommand,
  kafkaCommand,
  connectorsCommand,
  startCommand,
  stopCommand,
  restartCommand,
  validateCommand,
  graphCommand,
  schemaCommand,
  composeCommand,
  importCommand,
  doctorCommand,
  downCommand,
  completionCommand,
  completeCommand(() => COMMANDS),
];
