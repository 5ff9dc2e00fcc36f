# Starts the private Redis and PostgreSQL of scripts/run and sets REDIS_URL and DATABASE_URL. Source after ports.sh.
redis_port=$(port redis 16379)
postgres_port=$(port postgres 15432)
mkdir -p "$state/redis"
up redis redis-server --port "$redis_port" --bind 127.0.0.1 --dir "$state/redis" --save "" --appendonly yes \
    --appendfsync everysec --stream-node-max-bytes 1024 --maxmemory-policy noeviction

# PostgreSQL refuses to run as root: then it runs as its own user.
as_postgres() { "$@"; }
if [ "$(id -u)" = 0 ]; then
    as_postgres() { setpriv --reuid=postgres --regid=postgres --clear-groups -- "$@"; }
fi
data=$state/postgres
if [ ! -f "$data/PG_VERSION" ]; then
    mkdir -p "$data"
    [ "$(id -u)" != 0 ] || chown postgres: "$data"
    as_postgres initdb -D "$data" -U postgres -A trust --no-instructions >>"$state/postgres.log" 2>&1
fi
launch=()
[ "$(id -u)" != 0 ] || launch=(setpriv --reuid=postgres --regid=postgres --clear-groups --)
up postgres "${launch[@]}" postgres -D "$data" -p "$postgres_port" -k "$data" -c listen_addresses=127.0.0.1
until_ok redis "$redis_port" redis-cli -p "$redis_port" ping
until_ok postgres "$postgres_port" pg_isready -q -h 127.0.0.1 -p "$postgres_port"
psql -qXAt -h 127.0.0.1 -p "$postgres_port" -U postgres -c "SELECT 1 FROM pg_database WHERE datname = 'ai_model_service'" \
    | grep -q 1 || createdb -h 127.0.0.1 -p "$postgres_port" -U postgres ai_model_service
export REDIS_URL=redis://127.0.0.1:$redis_port/0
export DATABASE_URL=postgresql://postgres@127.0.0.1:$postgres_port/ai_model_service
