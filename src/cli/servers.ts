/**
 * The kinds of servers that the command line can use, and how their settings are parsed.
 */
import { findHub } from '../backends/jupyterhub/find-hub.js';
import { hubSettings } from '../backends/jupyterhub/settings.js';
import { containsToken, controllerSettings, startsLikeToken } from '../backends/nublado/settings.js';
import type { Servers } from '../config/servers.js';

export const servers: Servers = {
  controller: controllerSettings,
  hub: { ...hubSettings, find: findHub },
  containsToken,
  startsLikeToken,
};
