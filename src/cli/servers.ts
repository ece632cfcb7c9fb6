/**
 * The kinds of servers that the command line can use, how their settings are parsed, and how they are found.
 */
import { findHub } from '../backends/jupyterhub/find-hub.js';
import { hubSettings } from '../backends/jupyterhub/settings.js';
import { containsToken, controllerSettings, startsLikeToken } from '../backends/nublado/settings.js';
import type { Servers } from '../config/servers.js';
import { discoverServices } from './discover.js';

export const servers: Servers = {
  controller: controllerSettings,
  hub: { ...hubSettings, find: findHub },
  discover: discoverServices,
  containsToken,
  startsLikeToken,
};
