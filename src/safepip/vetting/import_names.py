"""Names by which modules are imported, where the project that has the module is called otherwise.

`pip install yaml` is what a program that says `import yaml` seems to need; the project is `PyYAML`. Under such a name
there is nothing, a stand-in that its module's authors made, or a project of a stranger: the name is one that people are
known to type, and so one that pays to be taken. The same holds for `python3-yaml`, as Linux distributions call it.

A row stands here if the project is the usual one for the module, is well known, and documents the name. A name that is
itself well known has no row. Case and separators do not count, as in every name (PEP 503).
"""

from __future__ import annotations

#: What stands before the names of Python projects in Linux distributions, which mostly go by the import name.
DISTRIBUTIONS = ("python-", "python3-")

#: The usual project by the import name; both normalised.
IMPORT_NAMES = {
    "allauth": "django-allauth",
    "antlr4": "antlr4-python3-runtime",
    "attr": "attrs",
    "barcode": "python-barcode",
    "bs4": "beautifulsoup4",
    "can": "python-can",
    "ckeditor": "django-ckeditor",
    "consul": "python-consul",
    "corsheaders": "django-cors-headers",
    "crispy-forms": "django-crispy-forms",
    "crypto": "pycryptodome",
    "cryptodome": "pycryptodomex",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "dbus": "dbus-python",
    "debug-toolbar": "django-debug-toolbar",
    "discord": "discord-py",
    "django-filters": "django-filter",
    "dns": "dnspython",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "engineio": "python-engineio",
    "environ": "django-environ",
    "faiss": "faiss-cpu",
    "fitz": "pymupdf",
    "git": "gitpython",
    "github": "pygithub",
    "gitlab": "python-gitlab",
    "googleapiclient": "google-api-python-client",
    "gridfs": "pymongo",
    "grpc": "grpcio",
    "hcl2": "python-hcl2",
    "imblearn": "imbalanced-learn",
    "jose": "python-jose",
    "jwt": "pyjwt",
    "kafka": "kafka-python",
    "ldap": "python-ldap",
    "magic": "python-magic",
    "markdown-it": "markdown-it-py",
    "memcache": "python-memcached",
    "miio": "python-miio",
    "mpl-toolkits": "matplotlib",
    "mptt": "django-mptt",
    "multipart": "python-multipart",
    "mysqldb": "mysqlclient",
    "nacl": "pynacl",
    "nmap": "python-nmap",
    "opencv": "opencv-python",
    "opengl": "pyopengl",
    "openssl": "pyopenssl",
    "osgeo": "gdal",
    "paho": "paho-mqtt",
    "phonenumber-field": "django-phonenumber-field",
    "pil": "pillow",
    "pkg-resources": "setuptools",
    "pptx": "python-pptx",
    "pythoncom": "pywin32",
    "pywt": "pywavelets",
    "rapidjson": "python-rapidjson",
    "rest-framework": "djangorestframework",
    "rest-framework-simplejwt": "djangorestframework-simplejwt",
    "ruamel": "ruamel-yaml",
    "serial": "pyserial",
    "silk": "django-silk",
    "simple-history": "django-simple-history",
    "skbio": "scikit-bio",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "skopt": "scikit-optimize",
    "slugify": "python-slugify",
    "snowflake": "snowflake-connector-python",
    "social-core": "social-auth-core",
    "social-django": "social-auth-app-django",
    "socketio": "python-socketio",
    "socks": "pysocks",
    "speech-recognition": "speechrecognition",
    "stdnum": "python-stdnum",
    "storages": "django-storages",
    "taggit": "django-taggit",
    "telegram": "python-telegram-bot",
    "tinymce": "django-tinymce",
    "umap": "umap-learn",
    "usb": "pyusb",
    "vlc": "python-vlc",
    "websocket": "websocket-client",
    "win32api": "pywin32",
    "win32com": "pywin32",
    "win32con": "pywin32",
    "win32gui": "pywin32",
    "win32security": "pywin32",
    "wx": "wxpython",
    "xlib": "python-xlib",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}


def module_meant(name: str) -> str:
    """The import name that a name consists of: `yaml`, or `python3-yaml`, as Linux distributions put it.

    `python3-ldap` beside `python-ldap` is another kind of resemblance, and judged as such.
    """
    for prefix in DISTRIBUTIONS:
        module = name.removeprefix(prefix)
        if module != name and not IMPORT_NAMES.get(module, prefix).startswith(DISTRIBUTIONS):
            return module
    return name
