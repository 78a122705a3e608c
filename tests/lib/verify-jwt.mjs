// SPDX-License-Identifier: BSD-2-Clause
//
// verify-jwt.mjs: is a client assertion what a provider wants? Verified by
// jose, which shares no code with the program under test.
//
//   EXO_NODE_DIR=dir-with-node_modules node verify-jwt.mjs CERT ALG
//       AUDIENCE CLIENT_ID <assertion
//
// Prints "ok" and exits 0; else says why on stderr and exits 1. Exit status
// 3: jose is not there.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [certFile, alg, audience, clientId] = process.argv.slice(2);
const nodeDir = path.resolve(process.env.EXO_NODE_DIR || '.');
let jose;
try {
  const find = createRequire(path.join(nodeDir, 'index.js'));
  jose = await import(pathToFileURL(find.resolve('jose')));
} catch (error) {
  console.error(`jose is not in ${nodeDir}: ${error.code}`);
  process.exit(3);
}

const jwt = fs.readFileSync(0, 'utf8');
const pem = fs.readFileSync(certFile, 'utf8');
const der = new crypto.X509Certificate(pem).raw;
const print = (hash) =>
  crypto.createHash(hash).update(der).digest('base64url');

const { payload, protectedHeader } = await jose.jwtVerify(
  jwt, await jose.importX509(pem, alg),
  { algorithms: [alg], audience, issuer: clientId, subject: clientId,
    typ: 'JWT', requiredClaims: ['exp', 'iat', 'nbf', 'jti'] });

const thumbprint = alg === 'PS256' ? { 'x5t#S256': print('sha256') }
  : { x5t: print('sha1') };
assert.deepEqual(protectedHeader, { typ: 'JWT', alg, ...thumbprint });
assert.deepEqual(Object.keys(payload).sort(),
  ['aud', 'exp', 'iat', 'iss', 'jti', 'nbf', 'sub']);
assert.equal(payload.nbf, payload.iat);
assert.equal(payload.exp - payload.iat, 600);
assert.match(payload.jti,
  /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
console.log('ok');
