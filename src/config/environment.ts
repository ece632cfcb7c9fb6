/**
 * Every environment variable this program reads, with its meaning: the one list behind `lab help environment`.
 */
export const environment = {
  LAB_CONTROLLER: "the controller's URL; without a path, /nublado is appended",
  LAB_USER: 'whose lab',
  LAB_TOKEN_FILE: 'a file that holds the token (- for stdin)',
  LAB_TOKEN: 'the token itself',
  LAB_CA_FILE: "a file of certificate authorities (PEM) to trust beside Node's own, as --ca-file",
  LAB_DIRECT: '1 to send identity headers instead of a bearer token (behind the ingress)',
  LAB_PROFILE: 'the profile to use, as --profile',
  LAB_OUTPUT: 'text, json or ndjson, as --output',
  LAB_PROGRESS: 'auto, bar, plain or none, as --progress',
  EXTERNAL_INSTANCE_URL: 'inside a lab: the instance, whose controller is then the default',
  NUBLADO_TOKEN: 'inside a lab: the token, used for that instance only',
  ACCESS_TOKEN: 'inside an older lab: the token, used for that instance only',
  JUPYTERHUB_USER: 'inside a lab: the user, used for that instance only',
  XDG_CONFIG_HOME: 'the folder in which nublado-lab/config.json holds the profiles (~/.config)',
  FORCE_COLOR: 'colours even where there is no terminal; 0 for none. It comes before the next three',
  NO_COLOR: 'not empty: no colours. It comes before the next two',
  CLICOLOR_FORCE: 'colours even where there is no terminal, unless 0',
  CLICOLOR: '0: no colours',
  LC_ALL: 'the locale, with LC_CTYPE and LANG after it; other than UTF-8: ASCII only',
  TERM: 'dumb: no bar and no colours',
  CI: 'set: lines instead of a bar',
  NODE_EXTRA_CA_CERTS: 'the same for every program on Node, and beside LAB_CA_FILE',
  HTTPS_PROXY: 'the proxy for https, as in http://user:password@host:port; https_proxy comes before it',
  HTTP_PROXY: 'the proxy for plain http, likewise; loopback never goes through a proxy',
  NO_PROXY: 'hosts, domains and address blocks (10.0.0.0/8) that are reached without one; * for all',
} as const;

export type Variable = keyof typeof environment;

/** A variable's value; an empty one counts as not set. */
export function readVariable(
  env: Readonly<Record<string, string | undefined>>,
  name: Variable,
): string | undefined {
  const value = env[name];
  return value === '' ? undefined : value;
}
