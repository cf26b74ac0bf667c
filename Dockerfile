# The image of Satchel. The first stage compiles, the second one holds the program and the libraries
# that it loads; tests/deploy builds and runs both.
#
#   docker build -t satchel .
#   docker run --read-only -v satchel:/var/lib/satchel -p 50051:50051 -p 8080:8080 satchel
ARG DEBIAN=docker.io/library/debian:bookworm-slim

FROM ${DEBIAN} AS build
ENV SATCHEL_CACHE=/cache CCACHE_DIR=/mnt CCACHE_BASEDIR=/src CCACHE_NOHASHDIR=true
WORKDIR /src
COPY tools tools
RUN tools/bootstrap build
COPY . .
# The locale is part of what ccache looks things up by.
ENV LANG=C.UTF-8
RUN --mount=type=cache,target=/mnt \
    cmake -S . -B build -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo \
      -DSATCHEL_BUILD_TESTS=OFF -DSATCHEL_BUILD_BENCH=OFF \
 && cmake --build build --target satchel \
 && install -D -t /out/usr/local/bin build/satchel \
 && install -D -m 644 -t /out/usr/share/doc/satchel LICENSE \
 # What is part of the program brings its terms and its releases along, as packages do.
 && for part in libgrpc libprotobuf libabsl libre2 libc-ares nlohmann-json3 libcli11; do \
      install -D -m 644 "/usr/share/doc/$part-dev/copyright" "/out/usr/share/doc/$part/copyright" \
        || exit 1; \
    done \
 && dpkg-query -W libgrpc-dev libgrpc++-dev libprotobuf-dev libabsl-dev libre2-dev libc-ares-dev \
      > /out/usr/share/doc/satchel/linked-in

FROM ${DEBIAN}
# Exactly the libraries that the program loads, and the public certificate authorities.
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      ca-certificates \
      libcurl4 libmariadb3 libpq5 libprometheus-cpp-core1.0 libpugixml1v5 libspdlog1.10 \
      libsqlite3-0 libssl3 \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/* \
 && groupadd --gid 10001 satchel \
 && useradd --uid 10001 --gid 10001 --home-dir /var/lib/satchel --shell /usr/sbin/nologin satchel \
 && install --directory --owner 10001 --group 10001 --mode 700 /var/lib/satchel
COPY --from=build /out /
# The only folder that is written, and only by the embedded store; the root can be read-only.
ENV STORAGE_DIR=/var/lib/satchel
VOLUME /var/lib/satchel
WORKDIR /var/lib/satchel
USER 10001:10001
# gRPC, signed links, metrics and probes
EXPOSE 50051 8080 9100
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD satchel health --server "${SATCHEL_SERVER:-localhost:${PORT:-50051}}"
ENTRYPOINT ["satchel"]
CMD ["serve"]
