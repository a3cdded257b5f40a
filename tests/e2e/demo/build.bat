@echo off
rem Builds mime as anyone would on Windows: its one dependency from a local package, the type
rem table, the tests, a bundle for browsers, the package to publish.
call npm install --no-save --no-audit --no-fund ..\packages\mime-db-1.30.0.tgz
if errorlevel 1 exit /b 1
call npm run prepublish
if errorlevel 1 exit /b 1
call npm test
if errorlevel 1 exit /b 1
..\esbuild\esbuild.exe mime.js --bundle --minify --platform=node --outfile=dist\mime.min.js
if errorlevel 1 exit /b 1
call npm pack --silent
if errorlevel 1 exit /b 1
