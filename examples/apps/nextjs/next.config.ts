import type { NextConfig } from 'next'

const nextConfig: NextConfig = {
  // The repository around this folder has a lock file too. Next would take its folder for the root of a workspace.
  turbopack: { root: __dirname },
}

export default nextConfig
