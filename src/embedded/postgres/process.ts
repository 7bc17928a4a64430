import { prepareAsChild } from '../../support/prepared.js';
import { type PostgresOptions, preparePostgres } from './prepare.js';

void prepareAsChild<PostgresOptions>(preparePostgres);
