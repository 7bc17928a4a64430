import { prepareAsChild } from '../../support/prepared.js';
import { prepareRedis, type RedisOptions } from './prepare.js';

void prepareAsChild<RedisOptions>(prepareRedis);
