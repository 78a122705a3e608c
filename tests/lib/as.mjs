// SPDX-License-Identifier: BSD-2-Clause
//
// as.mjs: an authorization server with the outside of Entra ID for the tests,
// made of oidc-provider (certified; the protocol is its own, not ours).
//
//   EXO_NODE_DIR=dir-with-node_modules node as.mjs DIR
//
// DIR/as.json    settings, all optional (see `config`); the server certificate
//                is DIR/pki/srv.{crt,key} unless they name another
// DIR/as.port    written, by rename, once 127.0.0.1:PORT answers
// /TENANT/oauth2/v2.0/{token,devicecode,authorize} for any TENANT,
// /introspect for the mail server, /revoke, /device for the person.
//
// The control plane, for the tests only:
//   GET  /_test/stats             every token request so far, as JSON
//   GET  /_test/count?K=V&...     how many of them have these values
//   POST /_test/reset             forget them
//   POST /_test/set    {"ttl":5}  change settings while it runs
//   POST /_test/fault  [{...}]    answer the next requests otherwise:
//        match (part of the path), count, delay (ms), status, headers, body,
//        drop (close without an answer), truncate (bytes of body, then close)

import crypto from 'node:crypto';
import fs from 'node:fs';
import https from 'node:https';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const dir = path.resolve(process.argv[2]);
const nodeDir = path.resolve(process.env.EXO_NODE_DIR || '.');
const find = createRequire(path.join(nodeDir, 'index.js'));
const { default: Provider } =
  await import(pathToFileURL(find.resolve('oidc-provider')));

const config = {
  cert: `${dir}/pki/srv.crt`,
  key: `${dir}/pki/srv.key`,
  domain: 'contoso.test',
  secret: 'not-a-secret', // of the confidential clients
  introspectSecret: 'introspect',
  ttl: 3600, // seconds an access token lives
  tokenBytes: 1500, // its length
  deviceTtl: 900,
  deviceInterval: 1, // seconds between polls; Entra says 5
  rotate: true, // a refresh token used twice revokes the whole grant
  latency: 0, // ms before each answer of the token endpoint
  shared: {}, // delegate's name -> shared mailbox its token opens as well
  jwtCert: '', // certificate of the private_key_jwt clients
};
if (fs.existsSync(`${dir}/as.json`)) {
  Object.assign(config, JSON.parse(fs.readFileSync(`${dir}/as.json`, 'utf8')));
}

const AUDIENCE = 'https://outlook.office365.com';
const SCOPES = [`${AUDIENCE}/.default`];
for (const host of ['outlook.office.com', 'outlook.office365.com']) {
  for (const right of ['SMTP.Send', 'IMAP.AccessAsUser.All', 'POP.AccessAsUser.All']) {
    SCOPES.push(`https://${host}/${right}`);
  }
}
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';

const NO_ONE = 'no-one@no-domain.invalid';

function clients() {
  const app = { redirect_uris: [], response_types: [], grant_types: ['client_credentials'] };
  const person = {
    application_type: 'native',
    scope: ['openid', 'profile', 'offline_access', ...SCOPES].join(' '),
    redirect_uris: [],
    response_types: [],
    grant_types: [DEVICE, 'refresh_token'],
  };
  const secret = (method) => ({ client_secret: config.secret, token_endpoint_auth_method: method });
  const list = [
    { client_id: 'relay-app', ...app, ...secret('client_secret_post') },
    { client_id: 'relay-app-basic', ...app, ...secret('client_secret_basic') },
    { client_id: 'second-app', ...app, ...secret('client_secret_post') },
    { client_id: 'device-app', ...person, token_endpoint_auth_method: 'none' },
    { client_id: 'device-app-secret', ...person, ...secret('client_secret_post') },
    {
      client_id: 'desktop-app',
      ...person,
      redirect_uris: ['http://127.0.0.1/', 'http://localhost/',
        'https://login.microsoftonline.com/common/oauth2/nativeclient'],
      response_types: ['code'],
      grant_types: ['authorization_code', 'refresh_token', DEVICE],
      token_endpoint_auth_method: 'none',
    },
    {
      client_id: 'mail-server',
      client_secret: config.introspectSecret,
      token_endpoint_auth_method: 'client_secret_basic',
      redirect_uris: [],
      response_types: [],
      grant_types: [],
    },
  ];
  if (config.jwtCert) {
    const jwk = new crypto.X509Certificate(fs.readFileSync(config.jwtCert))
      .publicKey.export({ format: 'jwk' });
    for (const alg of ['PS256', 'RS256']) {
      list.push({
        client_id: `relay-app-${alg.toLowerCase()}`,
        ...app,
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: alg,
        jwks: { keys: [{ ...jwk, use: 'sig' }] },
      });
    }
  }
  return list;
}

function provide(issuer) {
  const { privateKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
  const base = '/common/oauth2/v2.0';
  const ttl = () => config.ttl;

  return new Provider(issuer, {
    clients: clients(),
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'k1', use: 'sig', alg: 'RS256' }] },
    cookies: { keys: [crypto.randomBytes(16).toString('hex')] },
    scopes: ['openid', 'profile', 'offline_access', ...SCOPES],
    claims: { profile: ['preferred_username'] },
    conformIdTokenClaims: false, // Entra's ID tokens name the person
    clientBasedCORS: () => false,
    routes: {
      token: `${base}/token`,
      device_authorization: `${base}/devicecode`,
      authorization: `${base}/authorize`,
      code_verification: '/device',
      introspection: '/introspect',
      revocation: '/revoke',
      jwks: '/discovery/v2.0/keys',
    },
    findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id, email: id, preferred_username: id }) }),
    pkce: { required: () => true, methods: ['S256'] },
    rotateRefreshToken: () => config.rotate,
    issueRefreshToken: (ctx, client) => client.grantTypeAllowed('refresh_token'),
    ttl: {
      AccessToken: ttl,
      ClientCredentials: ttl,
      DeviceCode: () => config.deviceTtl,
      RefreshToken: 90 * 86400,
      Session: 86400,
      Grant: 90 * 86400,
      Interaction: 600,
      IdToken: 3600,
      AuthorizationCode: 60,
    },
    // What the mail server learns by introspection. An app's token opens any
    // mailbox of the domain, a person's token its own and the shared one. All
    // three are always there: to Dovecot a missing one is not a refusal but
    // "temporary failure".
    extraTokenClaims: (ctx, token) => (token.accountId
      ? { upn: token.accountId, shared: config.shared[token.accountId] || NO_ONE, app: NO_ONE }
      : { upn: NO_ONE, shared: NO_ONE, app: `app@${config.domain}` }),
    features: {
      devInteractions: { enabled: true },
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true, mask: '*********' },
      introspection: { enabled: true, allowedPolicy: (ctx, client) => client.clientId === 'mail-server' },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => AUDIENCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: SCOPES.join(' '), audience: AUDIENCE, accessTokenTTL: config.ttl, accessTokenFormat: 'opaque',
        }),
      },
    },
  });
}

// The library's own ids end at 512 characters; Entra's tokens do not.
function lengthen(model) {
  const short = model.prototype.generateTokenId;
  model.prototype.generateTokenId = function generateTokenId(...args) {
    const id = short.apply(this, args);
    const more = Math.max(0, config.tokenBytes - id.length);
    return id + crypto.randomBytes(more).toString('base64url').slice(0, more);
  };
}

let requests = [];
let introspections = 0;
let faults = [];

const slurp = async (req) => {
  const parts = [];
  for await (const part of req) parts.push(part);
  return Buffer.concat(parts).toString();
};
const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

async function control(req, res, url) {
  const body = await slurp(req);
  const what = url.pathname.slice('/_test/'.length);
  const wanted = [...url.searchParams];
  res.setHeader('content-type', 'application/json');
  switch (what) {
    case 'stats': return res.end(`${JSON.stringify({ requests, introspections })}\n`);
    case 'count': return res.end(`${requests.filter((r) => wanted.every(([k, v]) => String(r[k]) === v)).length}\n`);
    case 'reset': requests = []; introspections = 0; break;
    case 'set': Object.assign(config, JSON.parse(body)); break;
    case 'fault': faults = body ? [].concat(JSON.parse(body)) : []; break;
    default: res.statusCode = 404;
  }
  return res.end('{}\n');
}

async function misbehave(fault, req, res) {
  if (fault.drop) return req.socket.destroy();
  res.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers });
  if (fault.truncate === undefined) return res.end(fault.body || '');
  res.write((fault.body || '').slice(0, fault.truncate));
  await pause(50);
  return req.socket.destroy();
}

let provider;
let handle;

async function answer(req, res) {
  const url = new URL(req.url, 'https://localhost');
  if (url.pathname.startsWith('/_test/')) return control(req, res, url);
  if (url.pathname === '/introspect') introspections += 1;

  const token = url.pathname.endsWith('/token');
  const fault = faults.find((f) => url.pathname.includes(f.match || '/token')
    && (f.count === undefined || f.count-- > 0));
  const wait = (fault?.delay || 0) + (token ? config.latency : 0);
  if (wait) await pause(wait);
  if (fault && (fault.drop || fault.status)) {
    const form = new URLSearchParams(await slurp(req));
    if (token) {
      requests.push({
        time: Date.now(),
        grant_type: form.get('grant_type'),
        client_id: form.get('client_id'),
        status: fault.drop ? 0 : fault.status,
        error: 'fault',
      });
    }
    return misbehave(fault, req, res);
  }
  // One set of routes serves every tenant.
  req.url = req.url.replace(/^\/[^/]+\/oauth2\/v2\.0\//, '/common/oauth2/v2.0/');
  return handle(req, res);
}

const server = https.createServer(
  { key: fs.readFileSync(config.key), cert: fs.readFileSync(config.cert) },
  (req, res) => answer(req, res).catch((err) => { console.error(err); req.socket.destroy(); }),
);

server.listen(0, process.env.TAP_LOOP || '127.0.0.1', () => {
  const { port } = server.address();
  provider = provide(`https://localhost:${port}`);
  lengthen(provider.AccessToken);
  lengthen(provider.ClientCredentials);
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.body?.device_code) {
      ctx.body.interval = config.deviceInterval;
      ctx.body.message = `Open ${ctx.body.verification_uri} and enter ${ctx.body.user_code}.`;
    }
    if (!ctx.path.endsWith('/token')) return;
    const form = ctx.oidc?.params || ctx.oidc?.body || {};
    requests.push({
      time: Date.now(),
      grant_type: form.grant_type,
      client_id: ctx.oidc?.client?.clientId || form.client_id,
      status: ctx.status,
      error: ctx.body?.error,
    });
  });
  for (const name of ['server_error', 'grant.error', 'introspection.error', 'device_authorization.error']) {
    provider.on(name, (ctx, err) => console.error(name, err.error || err, err.error_detail || err.error_description || ''));
  }
  handle = provider.callback();
  fs.writeFileSync(`${dir}/as.port.new`, `${port}\n`);
  fs.renameSync(`${dir}/as.port.new`, `${dir}/as.port`);
});

for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0));
