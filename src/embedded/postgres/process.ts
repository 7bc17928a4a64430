import { prepareAsChild } from '../../support/prepared.js';
import { type PostgresOptions, preparePostgres } from './prepare.js';

await prepareAsChild<PostgresOptions>(preparePostgres);
