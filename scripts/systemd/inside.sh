#!/bin/bash
# Becomes a systemd in namespaces of its own, which runs probe.sh. Started by run.ts.
# $1: a folder both sides see, with package/, pump.yaml and probe.sh
set -e
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=755 tmpfs /var/lib
mount -t tmpfs -o mode=755 tmpfs /opt
mkdir -m 700 /var/lib/private
mkdir /run/etc /run/units
cp -a /etc/. /run/etc
mount --bind /run/etc /etc
rm -rf /etc/systemd/system/*
mkdir -p /opt/rivulet
cp -a "$1/package/." /opt/rivulet
cat > /run/units/default.target <<'UNIT'
[Unit]
Wants=probe.service
UNIT
cat > /run/units/probe.service <<UNIT
[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
ExecStart=/bin/bash $1/probe.sh $1
StandardOutput=file:$1/output
StandardError=inherit
UNIT
for unit in sysinit basic shutdown multi-user; do echo "[Unit]" > "/run/units/$unit.target"; done
export container=docker SYSTEMD_UNIT_PATH=/run/units:/etc/systemd/system
exec /lib/systemd/systemd --system --log-target=console
