# What is asked of the service, inside. $1: the folder both sides see
say() { echo "--- $*"; }
show() { systemctl show rivulet-pump -p "$1" --value; }
finish() { touch "$1/done"; }
trap 'finish '"$1" EXIT

say install
node /opt/rivulet/dist/bin/rivulet.cjs install "$1/pump.yaml" || exit 1
# The shipped unit allows a minute; here nobody has so much time.
mkdir -p /etc/systemd/system/rivulet-pump.service.d
cat > /etc/systemd/system/rivulet-pump.service.d/quick.conf <<UNIT
[Service]
WatchdogSec=4s
TimeoutAbortSec=1s
RestartSec=1s
StandardOutput=append:$1/log
StandardError=append:$1/log
UNIT
systemctl daemon-reload
# Left by whoever ran it by hand before.
mkdir /var/lib/rivulet-pump
touch /var/lib/rivulet-pump/checkpoint-00000000.msgpack

say "start: returns when the daemon is ready"
systemctl enable --now rivulet-pump || { systemctl status --no-pager rivulet-pump; exit 1; }
[ "$(show ActiveState)" = active ] && echo "ok active"
[ "$(stat -c %u /var/lib/rivulet-pump/checkpoint-00000000.msgpack)" != 0 ] && echo "ok owns the checkpoint that was there"
[ "$(stat -c %U /proc/"$(show MainPID)")" != root ] && echo "ok not root"

say "signs of life while it learns"
before=$(show WatchdogTimestampMonotonic)
sleep 9
[ "$(show WatchdogTimestampMonotonic)" != "$before" ] && [ "$(show NRestarts)" = 0 ] && echo "ok alive after twice the watchdog's time"
show StatusText
echo "memory $(show MemoryCurrent) of $(show MemoryMax) bytes"

say "a daemon that hangs is started again"
process=$(show MainPID)
kill -STOP "$process"
for _ in $(seq 40); do
  sleep 0.5
  [ "$(show NRestarts)" = 1 ] && [ "$(show ActiveState)" = active ] && break
done
[ "$(show NRestarts)" = 1 ] && [ "$(show MainPID)" != "$process" ] && echo "ok started again"

say "stop: saves, with success"
sleep 3
systemctl stop rivulet-pump
[ "$(show Result)" = success ] && echo "ok stopped"
ls -l /var/lib/rivulet-pump/
ls /var/lib/rivulet-pump/ | grep -q msgpack && echo "ok saved"

say "waits, ready, for a port that is away"
sed -i 's|path: /dev/pts/[0-9]*|path: /dev/ttyACM7|' /etc/rivulet/pump.yaml
systemctl start rivulet-pump && echo "ok ready"
sleep 9
[ "$(show NRestarts)" = 0 ] && [ "$(show ActiveState)" = active ] && echo "ok alive"
show StatusText
systemctl stop rivulet-pump
