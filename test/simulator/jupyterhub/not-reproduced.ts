/**
 * The parts of the captures that the simulated Hub does not reproduce, and why.
 *
 * Everything else is compared: status, reason phrase, headers in their order, body, and of streams the text and the times.
 */

/**
 * Pages: their bodies were cut in the captures, and they are long templates of JupyterHub's and Jupyter Server's, which no
 * client of the API reads. The simulator's pages have words of their own; status and headers are the captured ones.
 */
export const pagesOnly: Readonly<Record<string, readonly string[]>> = {
  '6.1.1/02-slow': ['page-stopped-hub', 'post-kernels-stopped'],
  '6.1.1/09-stop': ['status-just-dead'],
  '6.1.1/11-auth': ['outside-prefix'],
  '6.1.1/30-real': ['lab-noauth', 'lab-owner'],
  '6.1.1/32-browser': ['home', 'login-no-xsrf', 'login-page', 'spawn-page'],
  'rubin-5.5.4/40-rubin-login': ['home-4'],
  'rubin-5.5.4/41-rubin-spawn-form': ['spawn-page', 'spawn-post-no-xsrf', 'spawn-post-running'],
  'subdomain-6.1.1/50-hosts': ['hub-user-ready-other', 'post-before-userhost'],
  'subdomain-6.1.1/53-hosts-dead': ['api-dead-userhost-notoken', 'api-dead-userhost'],
  'subdomain-6.1.1/57-hosts-real': [
    'api-dead-userhost-notoken',
    'api-dead-userhost',
    'files-ready-3',
    'lab-before-3',
    'lab-dead-1',
    'lab-pending-3',
    'lab-ready-3',
    'lab-ready-hubhost-3',
    'lab-token',
    'named-absent-lab-notoken',
    'named-absent-notoken',
    'named-absent-status-notoken',
    'named-absent',
    'named-pending-notoken',
    'named-pending',
    'named-stopped-notoken',
  ],
  'subdomain-6.1.1/61-hosts-login': ['login-page'],
};

/**
 * Streams that stand for two releases and were not the same on both. The recorder left a capture of an older release out where
 * it differed only in such lines.
 */
export const notOn: Readonly<Record<string, string>> = {
  '08-delete-during-spawn.W1-slow': '4.1.6 does not cancel a spawn; its stream went on, and was not kept',
};
