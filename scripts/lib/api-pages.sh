# Installs what /docs and /redoc load into .local/api-pages, where API_PAGES_DIR finds it. Source after common.sh.
# The files come from PyPI, since that has both in one package, which is checked by its hash; they are not committed.

pages=.local/api-pages list=scripts/lib/api-pages.txt
# What is installed stands beside it: another version is installed anew.
if ! cmp -s "$list" "$pages/installed.txt"; then
    say "installing Swagger UI and ReDoc"
    work=$(mktemp -d) pip=(python3 -m pip)
    # A bare Debian has venv's pip, and no other.
    "${pip[@]}" --version >/dev/null 2>&1 || { python3 -m venv "$work/venv" && pip=("$work/venv/bin/pip"); }
    if "${pip[@]}" download -q --disable-pip-version-check --no-deps --require-hashes -d "$work" -r "$list"; then
        python3 -m zipfile -e "$work"/*.whl "$work"
        from=$work/drf_spectacular_sidecar/static/drf_spectacular_sidecar
        mkdir -p "$pages"
        cp "$from"/swagger-ui-dist/{swagger-ui.css,swagger-ui-bundle.js,favicon-32x32.png} "$pages"
        cp "$from/swagger-ui-dist/LICENSE" "$pages/LICENSE.swagger-ui"
        cp "$from/redoc/LICENSE" "$pages/LICENSE.redoc"
        # ReDoc shows its makers' logo from their server. Pages of this service ask no other host.
        sed 's#https://cdn\.redoc\.ly/redoc/logo-mini\.svg#data:,#' "$from/redoc/bundles/redoc.standalone.js" >"$pages/redoc.standalone.js"
        cp "$list" "$pages/installed.txt"
    else
        say "they cannot be downloaded: the service runs without /docs and /redoc until scripts/setup is run again"
    fi
    rm -r "$work"
fi
