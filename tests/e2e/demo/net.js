/* SPDX-License-Identifier: MIT
 *
 * The network of the demo, on loopback only: an HTTP proxy that also answers as a package
 * registry, and a git server.  Runs in native node; logs one line per connection and one per
 * request, so that "not reached" can be counted.  Ends with its standard input, or by itself.
 *   node net.js LOG PORTS GIT-ROOT PACKAGE.TGZ
 */
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const net = require('net');
const { spawn } = require('child_process');

const [logPath, portsPath, gitRoot, tarballPath] = process.argv.slice(2);
const LIFETIME_MS = 280 * 1000;
const tarball = fs.readFileSync(tarballPath);

const log = (line) => fs.appendFileSync(logPath, line + '\n');

function packument(name) {
    const version = '1.3.0';
    const integrity = 'sha512-' + crypto.createHash('sha512').update(tarball).digest('base64');
    const dist = { tarball: `http://registry.example/${name}/-/${name}-${version}.tgz`, integrity };
    return JSON.stringify({ name, 'dist-tags': { latest: version }, versions: { [version]: { name, version, dist } } });
}

/* A proxy gets the whole address as the request's target. */
function answer(request, response) {
    log(`${request.method} ${request.url}`);
    const url = new URL(request.url, 'http://127.0.0.1/');
    if (url.hostname !== 'registry.example') {
        response.end(`The network answers: this is ${url.hostname}\n`);
    } else if (url.pathname.endsWith('.tgz')) {
        response.end(tarball);
    } else if (url.pathname === '/left-pad') {
        response.setHeader('Content-Type', 'application/json');
        response.end(packument('left-pad'));
    } else {
        response.statusCode = 404;
        response.end();
    }
}

function refuseTunnel(request, socket) {
    log(`CONNECT ${request.url}`);
    socket.end('HTTP/1.1 502 No tunnels in the demo\r\n\r\n');
}

function serveGit(socket) {
    log('connection git');
    const git = spawn('git', ['daemon', '--inetd', '--export-all', '--enable=receive-pack', `--base-path=${gitRoot}`]);
    socket.pipe(git.stdin);
    git.stdout.pipe(socket);
    for (const end of [socket, git.stdin, git.stdout])
        end.on('error', () => socket.destroy());
    socket.on('close', () => git.kill());
}

const listen = (server) =>
    new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));

async function main() {
    const proxy = http.createServer(answer);
    proxy.on('connection', () => log('connection proxy'));
    proxy.on('connect', refuseTunnel);
    const ports = `${await listen(proxy)} ${await listen(net.createServer(serveGit))}\n`;
    fs.writeFileSync(portsPath + '.new', ports);
    fs.renameSync(portsPath + '.new', portsPath);
    process.stdin.on('end', () => process.exit()).resume();
    setTimeout(() => process.exit(), LIFETIME_MS);
}

main();
