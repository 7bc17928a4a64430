import { runAsChild } from '../../support/child.js';
import { type ConnectOptions, startConnect } from './server.js';

void runAsChild<ConnectOptions>(startConnect);
