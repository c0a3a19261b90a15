"""Networks of data centres, for files that know an address's network but not what it is.

A few large ones, by the names under which the registries (ARIN, RIPE NCC, APNIC) list them; not
those from which people browse too, such as Cloudflare's and Google's own.
"""

HOSTING_NETWORKS = frozenset(
    {
        8075,  # Microsoft (Azure)
        9009,  # M247
        12876,  # Scaleway
        14061,  # DigitalOcean
        14618,  # Amazon (AWS)
        16276,  # OVH
        16509,  # Amazon (AWS)
        20473,  # The Constant Company (Vultr)
        24940,  # Hetzner
        28753,  # Leaseweb Deutschland
        31898,  # Oracle (Cloud)
        36351,  # SoftLayer (IBM Cloud)
        37963,  # Alibaba (Cloud, China)
        45102,  # Alibaba (Cloud)
        51167,  # Contabo
        60781,  # Leaseweb Netherlands
        63949,  # Akamai Connected Cloud (Linode)
        132203,  # Tencent (Cloud)
        213230,  # Hetzner (USA)
        396982,  # Google (Cloud)
    }
)
"""Numbers of autonomous systems."""
