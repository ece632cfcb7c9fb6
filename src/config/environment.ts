/**
 * Every environment variable that this program reads, with its meaning. `lab help environment` and the manual page print it.
 */
export const environment = {
  LAB_CONTROLLER: "the controller's URL; without a path, /nublado is appended",
  LAB_HUB:
    "a JupyterHub's public URL, as in https://hub.example.org/, or auto to find it; with LAB_CONTROLLER, both are used " +
    'as one platform',
  LAB_SERVER_NAME: 'the named server at the JupyterHub; default: the default server',
  LAB_USER: 'the user whose lab to act on',
  LAB_TOKEN_FILE:
    'a file that holds the token (- for stdin); not used with a JupyterHub or platform from a profile',
  LAB_TOKEN: 'the token itself, likewise',
  LAB_CA_FILE: "a file of certificate authorities (PEM) to trust in addition to Node's own, as --ca-file",
  LAB_DIRECT: '1 to send identity headers instead of a bearer token (behind the ingress)',
  LAB_PROFILE: 'the profile to use, as --profile',
  LAB_OUTPUT: 'text, json or ndjson, as --output',
  LAB_PROGRESS: 'auto, bar, plain or none, as --progress',
  EXTERNAL_INSTANCE_URL:
    'inside a lab: the instance, whose controller is then the default; `--hub auto` finds its Hub',
  NUBLADO_TOKEN: 'inside a lab: the token, used for that instance and the servers that it names only',
  ACCESS_TOKEN: 'inside an older lab: the token, likewise',
  JUPYTERHUB_PUBLIC_HUB_URL: "inside a server of a JupyterHub: the Hub's public pages, for `--hub auto`",
  JUPYTERHUB_PUBLIC_URL: "inside a server of a JupyterHub: the server's public URL, for `--hub auto`",
  JUPYTERHUB_API_URL: "inside a server of a JupyterHub: the Hub's API, the last choice of `--hub auto`",
  JUPYTERHUB_API_TOKEN: 'inside a server of a JupyterHub: its token, sent to JUPYTERHUB_API_URL only',
  JUPYTERHUB_SERVER_NAME: 'inside a named server of a JupyterHub: its name',
  JUPYTERHUB_USER: 'inside a lab: the user, used for that instance only',
  XDG_CONFIG_HOME: 'the directory of nublado-lab/config.json, which holds the profiles (~/.config)',
  FORCE_COLOR: 'use colour even without a terminal; 0 disables colour. Overrides the next three',
  NO_COLOR: 'disable colour if non-empty. Overrides the next two',
  CLICOLOR_FORCE: 'use colour even without a terminal, unless 0',
  CLICOLOR: '0 disables colour',
  LC_ALL: 'the locale, before LC_CTYPE and LANG; ASCII only unless it is UTF-8',
  TERM: '`dumb` disables bar and colour',
  CI: 'use plain lines and open no browser if set',
  BROWSER:
    'the browser of `lab open` and --open, as a command; %s in it becomes the URL, which otherwise comes last',
  SSH_CONNECTION: 'if set, no browser is opened without DISPLAY, WAYLAND_DISPLAY or BROWSER',
  DISPLAY: 'see SSH_CONNECTION',
  WAYLAND_DISPLAY: 'see SSH_CONNECTION',
  NODE_EXTRA_CA_CERTS: 'the same for every Node program; used in addition to LAB_CA_FILE',
  HTTPS_PROXY: 'the proxy for https, as in http://user:password@host:port; https_proxy overrides it',
  HTTP_PROXY: 'the proxy for plain http, likewise; loopback never goes through a proxy',
  NO_PROXY: 'hosts, domains and address blocks (10.0.0.0/8) that are reached without one; * for all',
} as const;

export type Variable = keyof typeof environment;

/** The value of a variable; an empty one counts as unset. */
export function readVariable(
  env: Readonly<Record<string, string | undefined>>,
  name: Variable,
): string | undefined {
  const value = env[name];
  return value === '' ? undefined : value;
}
